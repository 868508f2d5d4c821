"""How a server's index matches words: whole ones, and beginnings only where the query says `word*`.

Read from `SearchQueryBuilder` and the index settings, not run: of an array the first 1,000 elements are indexed, of a
text the first 4,096 characters; words are compared without case and accents, and each must be somewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, cast

__all__ = ["matches"]

_MOST_ELEMENTS = 1000
_MOST_CHARACTERS = 4096


def matches(query: str, urn: str, aspects: Mapping[str, Any]) -> bool:
    """Whether an entity matches a query of words, of `beginning*`, and of alternatives `(one|other)`."""
    tokens = {token for text in (urn, *_texts(aspects)) for token in _tokens(text[:_MOST_CHARACTERS])}
    return all(_matches(alternatives, tokens) for alternatives in query.replace('"', " ").split())


def _matches(alternatives: str, tokens: set[str]) -> bool:
    return any(_is_there(one, tokens) for one in alternatives.strip("()").split("|"))


def _is_there(word: str, tokens: set[str]) -> bool:
    parts = _tokens(word)
    if word.endswith("*") and parts:
        return any(token.startswith(parts[-1]) for token in tokens)
    return set(parts) <= tokens


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in cast("dict[str, Any]", value).values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value)[:_MOST_ELEMENTS]:
            yield from _texts(each)


def _tokens(text: str) -> list[str]:
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.findall(r"[^\W_]+", plain.casefold())
