"""Where aspects live: one small protocol, `Store`, and a module for each kind of store."""
