"""The gate: approvals in, run requests out."""
