"""Entries as the full-text index of the embedded file has them: a token for each term, and the words."""

from __future__ import annotations

import json
import sqlite3
import zlib
from base64 import b32encode
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b

import orjson

from registry_dagster.datahub.search import Entry, Search, Term

__all__ = ["Damaged", "any_of", "expression", "packed", "tokens_of", "unpacked"]


class Damaged(sqlite3.DatabaseError):
    """What is kept of an entry cannot be read."""


_MOST_WORDS = 20


@lru_cache(maxsize=4096)
def _token(kind: str, field: str, value: str) -> str:
    """The token of a term of entities of one kind. No word begins with the sign, so words and terms never meet.

    It has 64 bits of a digest, so that a term takes few bytes, whatever is in it.
    """
    digest = blake2b("\0".join((kind, field, value)).encode(), digest_size=8).digest()
    return "=" + b32encode(digest).decode().rstrip("=").lower()


def tokens_of(entry: Entry) -> str:
    """The text that is indexed of an entry."""
    kind = _kind(entry)
    terms = sorted(_token(kind, term.field, term.value) for term in entry.terms)
    return " ".join([_token(kind, "", ""), *terms, entry.words])


def packed(entry: Entry) -> bytes:
    """What an entry is found by, in few bytes. What was indexed can be taken out of the index by it alone."""
    terms = orjson.dumps(sorted(entry.terms), default=list)
    return zlib.compress("\n".join([entry.kind, entry.env, entry.words, ""]).encode() + terms, 6)


def unpacked(facts: bytes) -> Entry:
    """The entry that was packed."""
    try:
        kind, env, words, terms = zlib.decompress(facts).decode().split("\n", 3)
        return Entry(kind, env, frozenset(Term(*each) for each in json.loads(terms)), words)  # type: ignore[arg-type]
    except (TypeError, ValueError, zlib.error) as error:
        raise Damaged("the search index is damaged; the next publish makes it again") from error


def expression(search: Search, words_like: Callable[[str, int], Sequence[str]]) -> str | None:
    """What to look for in the full-text index; None if nothing can match.

    Args:
        search: What is looked for.
        words_like: The words in the index that begin with a text, at most so many.
    """
    words = [_beginning(word, words_like(word, _MOST_WORDS + 1)) for word in search.words]
    if not all(search.terms) or not all(words):
        return None
    wanted = [*(any_of(_kind(search), terms) for terms in search.terms), *words]
    if not search.terms:
        # A token is of one kind of entity; words are not.
        wanted.append(f'"{_token(_kind(search), "", "")}"')
    text = " AND ".join(wanted)
    return f"({text}) NOT {any_of(_kind(search), search.without)}" if search.without else text


def _beginning(beginning: str, words: Sequence[str]) -> str:
    """That a word begins so. The index finds whole words one by one, and must merge all at once that begin alike."""
    if len(words) > _MOST_WORDS:
        return f'"{beginning}"*'
    alternatives = " OR ".join(f'"{word}"' for word in words)
    return alternatives and f"({alternatives})"


def any_of(kind: str, terms: Iterable[Term]) -> str:
    """That one of these terms holds."""
    return f"({' OR '.join(sorted({_quoted(kind, term) for term in terms}))})"


def _quoted(kind: str, term: Term) -> str:
    return f'"{_token(kind, term.field, term.value)}"'


def _kind(of: Entry | Search) -> str:
    return f"{of.kind}/{of.env}"
