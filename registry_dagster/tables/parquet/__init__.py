"""Parquet files and folders: inspect, verify, code, and what only Parquet needs."""
