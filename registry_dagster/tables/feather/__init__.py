"""Feather files, which are Arrow IPC files: inspect, verify, code, and what only they need."""
