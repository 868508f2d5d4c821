"""Pictures as boxes in columns and lines between them: only the places are worked out here; a template draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Box", "Line", "Node", "Picture", "picture"]

_WIDTH, _HEIGHT = 276, 42
_BESIDE, _BELOW = 84, 12
_EDGE = 8
_BULGE, _MOST_BULGE = 16, 120
_LABEL, _NOTE = 33, 44
"""How many letters fit in a box, in its first and its second line."""


@dataclass(frozen=True)
class Node:
    """What a box shows.

    Args:
        key: What lines name it by.
        label, note: Its first and second line.
        page: Where it leads; None if there is no page.
        kind: How it is drawn: `this`, `version`, `state`, `words`.
    """

    key: str
    label: str
    note: str = ""
    page: str | None = None
    kind: str = "version"

    @property
    def short_label(self) -> str:
        """The first line as far as it fits: its end says more than its middle."""
        if len(self.label) <= _LABEL:
            return self.label
        return f"{self.label[: _LABEL // 2 - 1]}…{self.label[-_LABEL // 2 :]}"

    @property
    def short_note(self) -> str:
        """The second line as far as it fits."""
        return self.note if len(self.note) <= _NOTE else f"{self.note[: _NOTE - 1]}…"


@dataclass(frozen=True)
class Line:
    """A line between two boxes.

    Args:
        start, end: Their keys.
        kind: How it is drawn: `plain`, or `derived` for a dashed one.
        verdict: What colours it.
        label: What it says when it is pointed at.
        path: How it runs, as SVG has it.
    """

    start: str
    end: str
    kind: str = "plain"
    verdict: str = ""
    label: str = ""
    path: str = ""


@dataclass(frozen=True)
class Box:
    """A node in its place."""

    node: Node
    x: int
    y: int
    width: int = _WIDTH
    height: int = _HEIGHT


@dataclass(frozen=True)
class Picture:
    """Boxes and lines in their places."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def picture(columns: Sequence[Sequence[Node]], lines: Iterable[Line]) -> Picture:
    """Boxes in columns from left to right, each column in the middle of the height.

    Lines that lead to a node that is not there are left out.
    """
    columns = [column for column in columns if column]
    height = 2 * _EDGE + max((_column_height(column) for column in columns), default=0)
    left = _EDGE + _bulge(max(map(len, columns), default=0) - 1)
    boxes: dict[str, Box] = {}
    for place, column in enumerate(columns):
        top = (height - _column_height(column)) // 2
        for row, node in enumerate(column):
            boxes[node.key] = Box(node, left + place * (_WIDTH + _BESIDE), top + row * (_HEIGHT + _BELOW))
    width = left + len(columns) * (_WIDTH + _BESIDE) - _BESIDE + _EDGE
    drawn = tuple(_drawn(line, boxes) for line in lines if line.start in boxes and line.end in boxes)
    return Picture(width, height, tuple(boxes.values()), drawn)


def _bulge(rows: int) -> int:
    """How far the line between two boxes of a column runs out, so many rows apart."""
    return min(_BULGE * (rows + 1), _MOST_BULGE)


def _column_height(column: Sequence[Node]) -> int:
    return len(column) * (_HEIGHT + _BELOW) - _BELOW


def _drawn(line: Line, boxes: Mapping[str, Box]) -> Line:
    start, end = boxes[line.start], boxes[line.end]
    return Line(line.start, line.end, line.kind, line.verdict, line.label, _path(start, end))


def _path(start: Box, end: Box) -> str:
    """A curve from the side of one box to the near side of the other; within a column, around its left."""
    y, to_y = start.y + start.height // 2, end.y + end.height // 2
    if start.x == end.x:
        # The farther apart two boxes are, the farther out: lines that start at one box can be followed.
        out = start.x - _bulge(abs(start.y - end.y) // (_HEIGHT + _BELOW))
        return f"M{start.x} {y}C{out} {y} {out} {to_y} {end.x} {to_y}"
    x, to_x = (start.x + start.width, end.x) if start.x < end.x else (start.x, end.x + end.width)
    middle = (x + to_x) // 2
    return f"M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}"
