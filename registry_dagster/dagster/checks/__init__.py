"""Asset checks on `registry/<dataset>`: what a person should know of published versions. They run when launched."""

from registry_dagster.dagster.checks.expiry import expiry_checks
from registry_dagster.dagster.checks.unpublished import unpublished_checks
from registry_dagster.dagster.checks.verify import verify_checks

__all__ = ["expiry_checks", "unpublished_checks", "verify_checks"]
