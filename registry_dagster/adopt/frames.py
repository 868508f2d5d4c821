"""Public systems whose coordinate frame everyone in the field knows. Others are for people to say."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Frame", "Voxel", "frame_of"]

Voxel = tuple[float, float, float]
"""Its edge lengths in nm, x, y, z."""


class Frame(NamedTuple):
    """A coordinate frame.

    Args:
        name: What it is called.
        voxel_nm: The size of a voxel in neuPrint's own positions, which are all in one size.
    """

    name: str
    voxel_nm: Voxel | None = None


# CAVE's tables each have a resolution of their own, so a CAVE system has a frame and no size.
_FRAMES = {
    "minnie65": Frame("minnie65"),
    "v1dd": Frame("v1dd"),
    "flywire": Frame("FAFB14.1"),
    "banc": Frame("BANC"),
    "hemibrain": Frame("hemibrain", (8, 8, 8)),
    "manc": Frame("MANC", (8, 8, 8)),
}


def frame_of(system: str | None) -> Frame | None:
    """The frame of a system whose name begins as a public one: `minnie65_public`, `flywire_fafb_public`."""
    first = (system or "").replace("-", "_").replace(":", "_").split("_")[0].lower()
    return _FRAMES.get(first)
