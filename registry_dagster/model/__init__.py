"""The domain: what a feature table means, as frozen values. Imports no Dagster, DataHub or I/O."""
