"""Define the widgets. All but the sidebar are independent of steps and runs."""
