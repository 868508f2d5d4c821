"""Iceberg tables: inspect, verify, code, and what only Iceberg needs."""
