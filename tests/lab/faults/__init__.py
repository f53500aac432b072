"""Any journey of the product, broken at every event in turn in every way, and taken up again: see README.md."""
