"""What a server drops without saying so because it is too large, and how large it may be.

All three are read from the server's source: a URN that is too long counts as malformed and is skipped with status 200;
a text that is too long for one term of the index takes its entity out of search; a change event that is too large is
not sent, so that search and history never learn of the aspect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote_plus

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import entity_type, materialization_urn
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.text import shown

__all__ = [
    "MOST_TEXT_BYTES",
    "MOST_URN_BYTES",
    "fits_a_urn",
    "refuse_long_names",
    "refuse_long_urns",
    "searchable",
    "size_warnings",
]

MOST_URN_BYTES = 512
"""Of a URN, URL-encoded."""

MOST_TEXT_BYTES = 32_766
"""Of one text in the index, in UTF-8."""

_LARGE_ASPECT = 4_500_000
"""Bytes of an aspect's JSON from which on its change event may not be sent: by default 5 MiB are, envelope included."""

_LONGEST_ENV = "NON_PROD"

_CUT = "… (cut here for search; the whole text is in the record)"


def fits_a_urn(urn: str) -> bool:
    """Whether a server takes a URN of this length. It does not count those of columns."""
    # No letter of ASCII takes more than three bytes, and most URNs are short.
    short = urn.isascii() and 3 * len(urn) <= MOST_URN_BYTES
    return short or entity_type(urn) == "schemaField" or _encoded_bytes(urn) <= MOST_URN_BYTES


def refuse_long_urns(urns: Iterable[str]) -> None:
    """Refuse entities that a server would drop.

    Raises:
        InvalidDeclaration: a URN is too long; says which and by how much.
    """
    for urn in dict.fromkeys(urns):
        if not fits_a_urn(urn):
            raise InvalidDeclaration(
                f"{shown(urn, 200)} takes {_encoded_bytes(urn)} bytes URL-encoded, and DataHub drops what takes more "
                f"than {MOST_URN_BYTES}; choose shorter names (+ and non-ASCII characters take three bytes and more)"
            )


def refuse_long_names(versions: Iterable[MaterializationVersion]) -> None:
    """Refuse materialization versions that a server would drop, in whichever environment.

    Raises:
        InvalidDeclaration: the names of source, system and version are too long together.
    """
    refuse_long_urns(materialization_urn(version, _LONGEST_ENV) for version in versions)


def size_warnings(proposals: Iterable[Proposal]) -> Iterator[str]:
    """A line for each aspect that may never reach the search and the history of a server."""
    for each in proposals:
        # No character takes more than four bytes.
        if 4 * len(each.text) > _LARGE_ASPECT and (size := len(each.text.encode())) > _LARGE_ASPECT:
            yield (
                f"{each.aspect} takes {size:,} bytes. DataHub stores it, but sends no change event of over 5 MiB "
                "unless its administrator allows larger messages, and then search and history miss it"
            )


def searchable(text: str) -> str:
    """A text as the index takes it: as it is, or its beginning."""
    raw = text.encode()
    if len(raw) <= MOST_TEXT_BYTES:
        return text
    return raw[: MOST_TEXT_BYTES - len(_CUT.encode())].decode(errors="ignore") + _CUT


def _encoded_bytes(urn: str) -> int:
    """As the server counts: by the rules of Java's URLEncoder."""
    return len(quote_plus(urn, safe="*").replace("~", "%7E"))
