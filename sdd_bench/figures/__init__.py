"""Stored results as figures for papers: PDF, SVG or PNG, readable in grey, the same bytes again."""
