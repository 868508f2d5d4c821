"""Runs checks as a job of theirs does."""

import dagster as dg

import registry_dagster as rd


def evaluations(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, checks: dg.AssetChecksDefinition
) -> dict[str, dg.AssetCheckEvaluation]:
    """Dataset → what its check found."""
    job = dg.define_asset_job("check", dg.AssetSelection.checks(checks))
    defs = dg.Definitions(asset_checks=[checks], jobs=[job], resources={"registry": resource})
    result = defs.resolve_job_def("check").execute_in_process(instance=instance)
    assert result.success
    return {each.asset_key.path[-1]: each for each in result.get_asset_check_evaluations()}
