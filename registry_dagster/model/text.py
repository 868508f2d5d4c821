"""Texts as people declare them: their types, and the words that answer a wrong one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, Field

from registry_dagster.model.meant import MEANT
from registry_dagster.model.recorded import is_recorded

__all__ = ["Description", "Reason", "Sentence", "Text", "UrnText", "given", "nearest_word", "shown", "suggestion"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Unicode's embeddings, overrides and isolates. The marks that right-to-left scripts need are others."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known word that is meant or nearest, whatever its case, or a full stop."""
    near = nearest_word(word, known)
    return f"; did you mean '{near}'?" if near else "."


def nearest_word(word: str, known: Iterable[str]) -> str | None:
    """The known word that is meant by another, one of them or several, or else the nearest by its letters."""
    folded, by_letters = word.casefold(), {each.casefold(): each for each in known}
    meant = [each for one in (folded, folded.removesuffix("s")) for each in MEANT.get(one, ()) if each in by_letters]
    near = meant or difflib.get_close_matches(folded, list(by_letters), n=1)
    return by_letters[near[0]] if near else None


def given(value: object) -> str:
    """What was given, as an error says it: a key without a value has nothing."""
    return "nothing" if value is None else shown(value)


def shown(value: object, limit: int = 80) -> str:
    """A value as an error shows it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def _no_control_characters(text: str) -> str:
    if found := _CONTROL.search(text):
        raise ValueError(
            f"control character {found[0]!r} at position {found.start()}; remove it "
            "(only line breaks and tabs are allowed, and those in descriptions only)"
        )
    return text if is_recorded() else _in_order(text)


def _in_order(text: str) -> str:
    if found := _REORDERING.search(text):
        raise ValueError(
            f"character {found[0]!r} at position {found.start()} makes what follows appear in another order; remove it"
        )
    return text


def _new_reason(text: str) -> str:
    return text if is_recorded() else _no_control_characters(text)


def _single_line(text: str) -> str:
    if text.isprintable() and text.strip():
        return text
    if not text.strip():
        raise ValueError("empty text; give it a value or leave it out")
    if "\n" in text or "\t" in text:
        raise ValueError("line breaks and tabs are allowed in descriptions only; use a space")
    return _no_control_characters(text)


def _fits_a_urn(text: str, limit: int = 400) -> str:
    """DataHub drops an entity whose URN exceeds 512 bytes URL-encoded, and answers that all is well."""
    size = len(quote(text, safe=""))
    if size > limit:
        raise ValueError(f"{shown(text)} takes {size} bytes in a URN, at most {limit} fit; shorten it")
    return text


Text = Annotated[str, Field(max_length=200), AfterValidator(_single_line)]
"""One line of text, 1 to 200 characters."""

Sentence = Annotated[str, Field(max_length=2000), AfterValidator(_single_line)]
"""One line of text, 1 to 2,000 characters."""

UrnText = Annotated[Text, AfterValidator(_fits_a_urn)]
"""One line of text that becomes part of a URN."""

Reason = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_new_reason)]
"""A person's words for an act, 1 to 2,000 characters."""

Description = Annotated[str, Field(max_length=20_000), AfterValidator(_no_control_characters)]
"""Text of several lines, at most 20,000 characters."""
