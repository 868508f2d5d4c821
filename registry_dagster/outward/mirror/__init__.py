"""A registry written as static JSON files, for others to read."""
