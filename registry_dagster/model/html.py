"""What a notebook shows of a result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["html_lines", "html_table"]


def html_table(header: Sequence[str], rows: Iterable[Iterable[object]], caption: str = "") -> str:
    """A table of plain texts; nothing for what is None."""
    head = "".join(f"<th>{_escaped(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    title = f"<caption>{_escaped(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_lines(text: str) -> str:
    """A text whose lines and indents are kept."""
    return f'<pre style="white-space: pre-wrap">{_escaped(text)}</pre>'


def _cell(value: object) -> str:
    return "" if value is None else _escaped(str(value))


def _escaped(text: str) -> str:
    # With the names of two thousand characters, which only a notebook needs.
    from html import escape

    return escape(text)
