"""Stored scores to numbers with intervals: tables, comparisons, curves."""
