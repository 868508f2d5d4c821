"""Where CAVE's exports lie: `<datastack>/v<N>/<table>/<layout>`, with layouts of known names."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["CavePlace", "cave_place"]

_LAYOUTS = "id|pre_pt_root_id|post_pt_root_id|pt_root_id|ctr_pt_position_morton|flat"
_PLACE = re.compile(
    rf"/(?P<system>[A-Za-z][\w-]*)/v(?P<version>\d+)/(?P<table>[A-Za-z][\w-]*)/(?P<layout>{_LAYOUTS})", re.ASCII
)


class CavePlace(NamedTuple):
    """What the location of an export says."""

    system: str
    version: str
    table: str
    layout: str

    @property
    def materialization(self) -> str:
        """The materialization version, with its source."""
        return f"cave/{self.system}@{self.version}"


def cave_place(location: str) -> CavePlace | None:
    """What a location says, if it ends as those of CAVE's exports do."""
    match = re.search(rf"{_PLACE.pattern}/?$", location, re.ASCII)
    return CavePlace(**match.groupdict()) if match else None
