"""A registry as static JSON files, read over any storage."""
