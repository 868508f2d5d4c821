"""What a publication says of a version beside its record: its license, how to cite it, its DOI."""

from __future__ import annotations

from dataclasses import replace

from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.registry.acts import Acts
from registry_dagster.registry.commit import Outcome
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.rows.now import stated

__all__ = ["record_beside"]

_RECORDED = ("license", "citation", "doi")
"""What of a publication is recorded by the act of the same name."""


def record_beside(acts: Acts, publication: Publication, receipt: Receipt) -> Outcome:
    """The receipt, once all that is said is recorded; as an error that may be tried again if the store failed.

    What the version has already stays: publishing again would else take back what people said since.

    Args:
        acts: Of the registry.
        publication: What is said, who publishes, and why.
        receipt: That of the version.
    """
    version, notes = receipt.version, list(receipt.notes)
    said = {name: value for name in _RECORDED if (value := getattr(publication, name)) is not None}
    if not said:
        return receipt
    try:
        has = stated(acts.history(version)).get(version, {})
        for name, value in said.items():
            if name not in has:
                getattr(acts, name)(version, value, reason=publication.message, publisher=publication.publisher)
            elif has[name] != value:
                notes.append(
                    f"{version} has the {name} {has[name]} and keeps it; "
                    f"use feature-registry {name} to record {value} from now on"
                )
    except RegistryUnavailable as error:
        return RegistryUnavailable(
            f"{version} is published, but what was said of its {', '.join(said)} may not be recorded; run it again. "
            f"{error}"
        )
    except RegistryError as error:
        notes.append(f"{version} is published without what was said of its {', '.join(said)}: {error}")
    return replace(receipt, notes=tuple(notes))
