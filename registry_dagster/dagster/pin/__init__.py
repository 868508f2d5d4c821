"""From what was written to what the materialization keeps."""
