"""Where aspects live. One small protocol, `Store`; `open_store` picks the one a target names."""
