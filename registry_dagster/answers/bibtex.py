"""BibTeX: one entry, whatever is in its values. Its texts are escaped for LaTeX, so that they print as they are."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

__all__ = ["entry", "key_of", "latex", "people", "verbatim"]

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        # BibTeX counts braces, also those behind a backslash.
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{each: f"\\{each}" for each in "&%$#_"},
    }
)


def entry(key: str, fields: Mapping[str, str | None]) -> str:
    """A `@misc` entry, which every style knows. Fields without a value are left out."""
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}"])


def key_of(version: str) -> str:
    """The key of a version's entry: `minnie65.nuclei:v1`. BibTeX takes no @ in a key."""
    return version.replace("@", ":")


def latex(text: str) -> str:
    """A text that prints as it is, its letters in the case that they have."""
    return text.translate(_ESCAPES)


def people(names: tuple[str, ...]) -> str:
    """Authors, each kept whole: BibTeX would take `Ada Lab` apart into first and last name."""
    return " and ".join(f"{{{latex(name)}}}" for name in names)


def verbatim(text: str) -> str:
    """A value that styles do not typeset, such as a DOI: what would end it, or is a command, is percent-encoded."""
    return "".join(quote(each) if each in "{}\\%" else each for each in text)
