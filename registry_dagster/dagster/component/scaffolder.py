"""What `dg scaffold defs registry_dagster.PublishComponent NAME` writes."""

from __future__ import annotations

import json
import re

import dagster as dg
from pydantic import BaseModel, Field

from registry_dagster.dagster.component.model import ENV_REFERENCE

__all__ = ["PublishScaffolder"]

_YAML = """\
type: {type}

attributes:
  registry:
    # Where versions are published to: lite:///data/registry.db, file:///folder, or the https:// address of a
    # DataHub server. Default: FEATURE_REGISTRY, DATAHUB_GMS_URL, else a file below the home directory.
    {target}
    # token: "{{{{ env.DATAHUB_GMS_TOKEN }}}}"
    env: PROD

  # A reviewed file of approvals. The gate is stopped until somebody starts it in the UI.
  # gate:
  #   approvals: approvals.yaml

  # The Python files in this folder make the assets. Those declared with @feature_table need nothing more; declare
  # what the others' tables mean here, each in place or in a file of its own.
  # datasets:
  #   cells: cells.yaml
  #   synapses:
  #     dataset: {{name: minnie65.synapses}}
  #     materializations:
  #       - {{system: minnie65_public, version: 1300, source: cave}}
  #     columns:
  #       id: {{semantic: synapse_id, source_table: synapses_pni_2}}
"""


class ScaffoldParams(BaseModel):
    """Options of the command."""

    target: str | None = Field(default=None, description="Where versions are published to.")


class PublishScaffolder(dg.Scaffolder[ScaffoldParams]):
    """Writes a PublishComponent's YAML with all it may contain, most of it as comments."""

    @classmethod
    def get_scaffold_params(cls) -> type[ScaffoldParams]:
        """The options of the command."""
        return ScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[ScaffoldParams]) -> None:
        """Write the component's file."""
        if request.scaffold_format != "yaml":
            dg.scaffold_component(request)
            return
        text = _text(request.type_name, request.params.target)
        path = request.target_path / "defs.yaml"
        # Dagster 1.11 never appends.
        if getattr(request, "append", False):
            text = f"{path.read_text(encoding='utf-8').rstrip()}\n\n---\n{text}"
        path.write_text(text, encoding="utf-8")


def _text(type_name: str, given: str | None) -> str:
    """The YAML, with the target that was given, and the environment variable that it needs."""
    target = f"target: {json.dumps(given)}" if given else "# target: lite:///data/registry.db"
    text = _YAML.format(type=type_name, target=target)
    if given and (variable := re.match(ENV_REFERENCE, given)):
        text += f"\nrequirements:\n  env: [{variable[1]}]\n"
    return text
