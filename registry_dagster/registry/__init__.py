"""The service: records, planning, publishing, finding, verifying. Knows no Dagster."""
