"""Versions named by a digest of theirs, or by the beginning of one."""

from __future__ import annotations

import re
from itertools import islice

from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.search import Search, Term
from registry_dagster.datahub.search_fields import DIGEST_PREFIX, digests_in
from registry_dagster.datahub.urns import version_in
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.registry.records import Records

__all__ = ["named_digests"]

_DIGEST = re.compile(r"sha256:[0-9a-f]{12,64}")
_MOST = 50
"""How many versions are looked at: more than that can only share a digest, and then all are named alike."""


def named_digests(records: Records, text: str) -> dict[str, str]:
    """Version → the digest of its content or record that is, or begins with, a text; in the order of names.

    Raises:
        InvalidDeclaration: the text is not a digest, or fewer than 12 digits of one.
    """
    if not _DIGEST.fullmatch(text):
        raise InvalidDeclaration(
            f"{text} is not a digest; write sha256: and at least 12 of its 64 digits, as show prints them"
        )
    search = Search("version", records.env, (frozenset([Term("digest", text[:DIGEST_PREFIX])]),))
    urns = {urn: str(version) for urn in islice(records.urns(search), _MOST) if (version := version_in(urn))}
    found = records.store.read(list(urns), ["datasetProperties"]) if urns else {}
    named = {urns[urn]: digest for urn in found if (digest := _beginning(text, found[urn]))}
    return dict(sorted(named.items()))


def _beginning(text: str, entity: Entity) -> str | None:
    """The digest of a version that begins with a text; that of its content first."""
    properties = entity["datasetProperties"].get("customProperties", {})
    return next((digest for digest in digests_in(properties) if digest.startswith(text)), None)
