"""The catalogue people look at: static pages of a whole registry, made at build and read without a server."""
