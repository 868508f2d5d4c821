"""The place of a location: the bucket, host or disk for which the caller gave options."""

from __future__ import annotations

from urllib.parse import urlsplit

from registry_dagster.tables.storage.options import AZURE, GCS, HTTP, S3, StorageOptions, scheme_of

__all__ = ["FOLLOW", "is_within_reach", "place_of"]

FOLLOW = "follow"
"""The option that names further places, such as `s3://other-bucket`, for which the options were given too."""

_FAMILIES = ((S3, "s3"), (GCS, "gs"), (AZURE, "az"))


def place_of(location: str) -> str:
    """The store and the bucket, container or host of a location, whatever the spelling of its scheme.

    Web servers differ by scheme and port; `http` and `https` are two places.
    """
    scheme = scheme_of(location)
    if scheme in HTTP:
        return f"{scheme}://{urlsplit(location).netloc.lower()}"
    family = next((name for schemes, name in _FAMILIES if scheme in schemes), scheme)
    return f"{family}://{location.partition('://')[2].partition('/')[0]}"


def is_within_reach(location: str, given: str, options: StorageOptions | None, root: str | None = None) -> bool:
    """Whether what a table's metadata names may be asked for, with the options that were given for another location.

    Args:
        location: What the metadata names, as `locations.normalise` returns it.
        given: What the caller named.
        options: They may name further places.
        root: On a local disk only what is below this directory is.
    """
    place = place_of(location)
    if place in map(place_of, _further(options)):
        return True
    return place == place_of(given) and (scheme_of(location) != "file" or location.startswith(f"{root}/"))


def _further(options: StorageOptions | None) -> list[str]:
    named: str | list[str] = (options or {}).get(FOLLOW) or []
    return [named] if isinstance(named, str) else list(named)
