"""What doctor --deep prints: each step as it is done."""

from __future__ import annotations

import typer

from registry_dagster.cli.given import settings_for
from registry_dagster.cli.output import report, show
from registry_dagster.registry.deep_check import CheckStep, deep_check
from registry_dagster.registry.settings import checked_env
from registry_dagster.stores.open import open_store

__all__ = ["try_server"]

_NOBODY = "feature-registry-doctor"


def try_server(target: str | None, env: str | None, as_json: bool) -> None:
    """Try a server out.

    Raises:
        typer.Exit: with code 1, a step fails.
    """
    settings = settings_for(target, env)
    store = open_store(settings.target)
    steps: list[CheckStep] = []
    try:
        for step in deep_check(store, checked_env(settings.env.value or "PROD"), settings.publisher.value or _NOBODY):
            steps.append(step)
            if not as_json:
                report(step, [(step.outcome, step.step, step.detail)])
    finally:
        store.close()
    show(as_json, [vars(step) for step in steps], lambda: None)
    if any(step.outcome == "fails" for step in steps):
        raise typer.Exit(1)
