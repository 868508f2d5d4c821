"""Who may read which dataset: a YAML file that holds digests of tokens, never the tokens."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Person", "Policy"]


class Person(BaseModel):
    """Somebody who may ask.

    Args:
        name: For people to read.
        token_sha256: sha256 of the bearer token, in hex.
        reads: Names of datasets; `*` matches anything, as in `hemibrain.*`.
        below: Where their tables are, as `s3://bucket` or `s3://bucket/prefix`. Whoever may publish chooses a name
            and a location, and could else read through this service what its credentials can.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    token_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    reads: Sequence[str]
    below: Sequence[str]

    def may_read(self, dataset: str) -> bool:
        return any(fnmatchcase(dataset, pattern) for pattern in self.reads)

    def may_read_from(self, location: str) -> bool:
        return ".." not in location.split("/") and any(_is_below(location, place) for place in self.below)


def _is_below(location: str, place: str) -> bool:
    """Whether a location is in a bucket, or at or below a prefix of it. s3a:// is the same store as s3://."""
    given, allowed = (re.sub(r"^s3a://", "s3://", each).rstrip("/") + "/" for each in (location, place))
    return given.startswith(allowed)


class Policy(BaseModel):
    """What the file says.

    Args:
        people: Everybody who may ask.
        longest_seconds: How long a link may live at most; S3 allows seven days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    people: Sequence[Person]
    longest_seconds: int = Field(default=3600, gt=0, le=7 * 24 * 3600)

    @classmethod
    def from_yaml(cls, path: Path) -> Policy:
        """Read the file.

        Raises:
            ValidationError: a field is missing, unknown or not well formed.
        """
        return cls.model_validate(yaml.safe_load(path.read_text()))

    def who(self, token: str) -> Person | None:
        """Whose token it is. Takes as long for a wrong one as for a right one."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        found = [person for person in self.people if hmac.compare_digest(person.token_sha256, digest)]
        return found[0] if found else None
