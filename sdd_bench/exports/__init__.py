"""Stored results in the forms that other programs read: one module per form."""
