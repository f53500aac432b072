"""Try unexpected values for every answer.

Accepted values are rendered, and read by the programs that use them.
"""
