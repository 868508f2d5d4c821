"""The model in DataHub's own words, both directions. Knows no store and no Dagster.

Aspects are plain JSON in DataHub's wire form: the form in which DataHub's REST API and DataHub Lite
hold them. So reading a record needs neither a DataHub client nor its seconds of import.
"""
