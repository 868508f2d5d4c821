"""What Dagster's launchpad knows of a publish: it must not launch one without words."""

import dagster as dg
import pytest

from registry_dagster.dagster.publish.config import config_type_for, launch_schema

# The types for which "Scaffold missing config" fills in a value that is valid.
FILLED_IN = {"String", "Int", "Float", "Bool", "Any"}


@pytest.mark.parametrize("keys", [[], [dg.AssetKey("cells")]])
def test_scaffold_missing_config_leaves_the_message_to_a_person(keys: list[dg.AssetKey]) -> None:
    fields = launch_schema(config_type_for(keys))
    required = {name: field for name, field in fields.items() if field.is_required}
    assert required.keys() == {"message"}
    assert required["message"].config_type.key not in FILLED_IN
    assert required["message"].description == "Why this is published."
