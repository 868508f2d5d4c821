"""Delta tables: inspect, verify, code, and what only Delta needs."""
