"""CAVE's catalogue of tables: a request to it ⇄ what a published version means. Pure. The service is unreleased."""
