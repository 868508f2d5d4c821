"""CSV files: inspect, verify, code, and what only CSV needs."""
