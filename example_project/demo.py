"""The whole path in one go: materialize, publish, read back, publish again, change, compare, look, cite."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.table import Table

import registry_dagster as rd
from example_project import settings
from example_project.definitions import feature_assets
from example_project.definitions import registry as resource
from registry_dagster.outward.site.build import build_site

DATASETS = {
    "neurons": "hemibrain.neurons",
    "synapses": "hemibrain.synapses",
    "neuropil_counts": "hemibrain.neuropil_counts",
    "morphology": "hemibrain.morphology_embeddings",
}
QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
DAGSTER_HOME = settings.HOME / "dagster"
_MARK = settings.HOME / ".example"

console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120)


def main() -> None:
    """Run the demo in a fresh folder."""
    _start_afresh()
    with dg.DagsterInstance.get() as instance, rd.Registry.open(settings.REGISTRY, env=settings.ENV) as registry:
        _say("1. Materialize four assets, in four formats")
        _materialize(instance, DATASETS)
        published = sum(len(registry.versions(name)) for name in DATASETS.values())
        console.print(f"   written to {_short(settings.TABLES)}\n   versions in the registry: {published}")

        _say("2. Publish each, with a message")
        for asset in DATASETS:
            _publish(instance, asset, f"First release of {asset} for the olfaction group")

        _say("3. Read them back from DataHub's own model")
        console.print(_overview(registry))

        _say("4. Publish again: nothing changes")
        for asset in DATASETS:
            _publish(instance, asset, "Once more")

        _say("5. Wider embeddings, published as version 2")
        _materialize(instance, ["morphology"], embedding_samples=64)
        _publish(instance, "morphology", "64 components: 32 did not separate the neurons")
        console.print(str(registry.diff("hemibrain.morphology_embeddings@v1", "hemibrain.morphology_embeddings@v2")))

        _say("6. A catalogue to look at")
        catalogue = build_site(registry, settings.HOME / "catalogue", title="Features of the olfaction group")
        console.print(f"   {catalogue.versions} versions, {catalogue.answers} answers on how to join")
        cited = registry.cite("hemibrain.synapses")

    _say("Where things are")
    urn = "urn:li:dataset:(urn:li:dataPlatform:feature-registry,hemibrain.synapses@v1,PROD)"
    console.print(f"   registry    {settings.REGISTRY}   (DataHub Lite's own format)")
    console.print(f"   tables      {settings.TABLES}")
    console.print(
        f"   show one    FEATURE_REGISTRY={settings.REGISTRY} .venv/bin/feature-registry show hemibrain.synapses"
    )
    console.print(f'   as DataHub  HOME={settings.HOME} .venv/bin/datahub lite get --urn "{urn}"')
    console.print("   in the UI   make ui")
    console.print(f"   cite        {cited.text}")
    console.print(f"   catalogue   {Path(catalogue.page).absolute().as_uri()}")


def _start_afresh() -> None:
    ours = settings.HOME == settings.DEFAULT_HOME or _MARK.exists()
    if not ours and settings.HOME.exists() and any(settings.HOME.iterdir()):
        sys.exit(f"{settings.HOME} holds other files; set EXAMPLE_HOME to an empty folder")
    shutil.rmtree(settings.HOME, ignore_errors=True)
    DAGSTER_HOME.mkdir(parents=True)
    _MARK.touch()
    (DAGSTER_HOME / "dagster.yaml").write_text("telemetry:\n  enabled: false\nnux:\n  enabled: false\n")
    registry = settings.REGISTRY.removeprefix("lite://")
    # DataHub's command line reads its settings from the home directory only
    (settings.HOME / ".datahubenv").write_text(
        f'gms:\n  server: ""\nlite:\n  type: sqlite\n  config:\n    file: {registry}\n'
    )
    os.environ["DAGSTER_HOME"] = str(DAGSTER_HOME)


def _materialize(instance: dg.DagsterInstance, assets: Iterable[str], embedding_samples: int = 32) -> None:
    dg.materialize(
        feature_assets(embedding_samples),
        selection=list(assets),
        resources={"registry": resource},
        instance=instance,
        run_config=QUIET,
    )


def _publish(instance: dg.DagsterInstance, asset: str, message: str) -> None:
    config = {"ops": {"publish": {"config": {"asset": asset, "message": message}}}, **QUIET}
    result = rd.publish_job().execute_in_process(instance=instance, run_config=config, resources={"registry": resource})
    (output,) = result.filter_events(lambda event: event.is_successful_output)
    metadata = output.step_output_data.metadata
    done = "published" if metadata["created"].value else "unchanged"
    console.print(f"   {done}  {metadata['version'].value}")


def _overview(registry: rd.Registry) -> Table:
    table = Table("version", "made against", "format", "rows", "columns", "joins to")
    for name in DATASETS.values():
        record = registry.get(name)
        table.add_row(
            record.name,
            ", ".join(map(str, record.materializations)),
            record.table.format,
            "unknown" if record.table.rows is None else f"{record.table.rows:,}",
            str(len(record.table.fields)),
            ", ".join(f"{reference.target}" for reference in record.references),
        )
    return table


def _short(path: Path) -> str:
    return os.path.relpath(path)


def _say(title: str) -> None:
    console.print(f"\n[bold]{title}[/]")


if __name__ == "__main__":
    main()
