from tests.dagster.conftest import migrations

__all__ = ["migrations"]
