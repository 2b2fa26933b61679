"""Turns the customer base in a CRM into a managed customer portfolio."""

__version__ = "0.1.0"
