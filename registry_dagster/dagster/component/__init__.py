"""The same pipeline declared in YAML: a Dagster component, its model and its scaffolder."""
