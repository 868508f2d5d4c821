"""For people who write a store: two suites of tests that it must pass.

`store_behaviour` holds `StoreBehaviour` and `RegistryBehaviour`; `search_behaviour` holds `SearchBehaviour`, which
`RegistryBehaviour` includes. They need pytest: `pip install 'registry-dagster[testing]'`. This package itself does not.
"""
