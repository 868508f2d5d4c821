"""The store that is an embedded file in DataHub Lite's own format."""
