"""The store that is a DataHub server (GMS)."""
