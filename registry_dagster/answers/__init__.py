"""Pure: published records in, an answer with its reason and basis out. Reads no store and no table."""
