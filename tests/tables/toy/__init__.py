"""A table format as somebody would add it: CSV files, and their columns in `_toy/schema.json`."""
