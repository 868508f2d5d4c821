"""What a request asks a server to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.gms.state import Value

__all__ = ["Change"]


@dataclass(frozen=True)
class Change:
    """One metadata change proposal."""

    urn: str
    aspect: str
    value: Value
    kind: str = "UPSERT"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    system: Value = field(default_factory=dict[str, Any])
