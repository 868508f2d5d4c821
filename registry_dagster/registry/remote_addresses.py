"""What other labs may be called, and where their mirrors may be. Nothing is contacted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast, get_args

from registry_dagster.errors import RegistryError
from registry_dagster.model.secrets import credential_in
from registry_dagster.model.text import shown
from registry_dagster.sources.open import SourceKind

__all__ = ["checked_remotes"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_SCHEME = "mirror:"
_OTHER_STORES = ("lite:", "datahub")
_SOURCES = get_args(SourceKind)
"""They come before a slash, too: `neuprint/hemibrain@v1.2.1` is a materialization version."""


def checked_remotes(remotes: Mapping[str, str]) -> dict[str, str]:
    """Name → address, without the scheme `mirror:`.

    Raises:
        RegistryError: it is not a mapping, a name cannot be written before a slash, or an address cannot be that of a
            mirror, or may hold a credential.
    """
    if not isinstance(cast("object", remotes), Mapping):
        # What is given may be an address with a credential: it is not repeated.
        kind = type(remotes).__name__
        raise RegistryError(f'remotes must be a mapping of names to addresses, got {kind}; write {{"laba": "public"}}')
    return {_checked_name(name): _checked_address(name, address) for name, address in remotes.items()}


def _checked_name(name: object) -> str:
    if name in _SOURCES:
        raise RegistryError(f"{name} cannot name a remote, because it is what a source is called; use another name")
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise RegistryError(
        f"{shown(name)} cannot name a remote; use lower-case letters, digits, - and _, starting with a letter, "
        "e.g. laba"
    )


def _checked_address(name: str, address: object) -> str:
    if not isinstance(address, str) or not (place := address.removeprefix(_SCHEME)) or place.startswith(_OTHER_STORES):
        raise RegistryError(
            f"remote {name} must be the address of a mirror, e.g. https://lab.org/registry or s3://bucket/registry; "
            "feature-registry mirror writes one"
        )
    if found := credential_in(place):
        raise RegistryError(
            f"the address of remote {name} has {found.what} in it, which is not repeated here; write {found.clean} and "
            "give credentials as storage_options of that location"
        )
    return place
