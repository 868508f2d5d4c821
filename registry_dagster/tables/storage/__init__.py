"""The one seam to bytes; knows no format."""
