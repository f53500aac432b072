"""Certificates: those that are there, what is looked at before one is asked for, and what went wrong."""
