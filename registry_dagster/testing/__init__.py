"""For tests: a stand-in for a DataHub server, with faults that can be called up, and what every store does.

`tests.gms.server` is the stand-in; `registry_dagster.testing.store_behaviour` holds the tests
that a store of one's own must pass, and alone needs pytest.
"""
