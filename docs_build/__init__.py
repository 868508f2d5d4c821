"""What builds the documentation site, together with mkdocs.yml."""
