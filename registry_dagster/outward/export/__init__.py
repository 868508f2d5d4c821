"""Published versions in the forms that papers and repositories ask for, and back. Metadata alone, no data."""
