"""What a name means that somebody typed, given the names that are known. Pure; `known_names` reads them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from registry_dagster.answers.relations import names_of
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["hint", "known_words", "nearest", "state_hint", "state_meant", "systems_in"]

_MOST_LISTED = 8


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is meant by one with a mistake in it, whatever its case; None if none is near."""
    by_letters = {each.casefold(): each for each in sorted(known)}
    folded = word.casefold()
    near = difflib.get_close_matches(folded, list(by_letters), n=1)
    if near:
        return by_letters[near[0]]
    containing = [each for letters, each in by_letters.items() if len(folded) > 1 and folded in letters]
    return containing[0] if len(containing) == 1 else None


def hint(word: str, known: Collection[str]) -> str:
    """What to write instead: `; did you mean 'x'?`, else what is known, else a full stop."""
    near = nearest(word, known)
    if near is not None and near != word:
        return f"; did you mean '{near}'?"
    return f"; known: {known_words(known)}." if known else "."


def known_words(known: Collection[str]) -> str:
    """Known words as a list; of many the first few, and how many more there are."""
    words = sorted(known)
    more = f" and {len(words) - _MOST_LISTED} more" if len(words) > _MOST_LISTED else ""
    return ", ".join(words[:_MOST_LISTED]) + more


class _Name(NamedTuple):
    """One name of a recorded state."""

    state: MaterializationVersion
    text: str

    @property
    def system(self) -> str:
        return self.text.partition("@")[0]

    @property
    def version(self) -> str:
        """In lower case, without its v."""
        return _without_v(self.text).partition("@")[2]


def systems_in(states: Iterable[MaterializationVersion]) -> list[str]:
    """The systems that states are known in, by any of their names, without repetitions."""
    return list(dict.fromkeys(name.system for name in _names(states)))


def state_meant(text: str, states: Sequence[MaterializationVersion]) -> str | None:
    """The materialization version or system that a text means, as it is recorded.

    Understood are `hemibrain:v1.2.1`, another case, a version with or without its v, the source in front
    (`cave/flywire_fafb_public@630`), and a version alone that exactly one state has.

    Args:
        text: As somebody typed it.
        states: The recorded materialization versions.

    Returns:
        `system@version`, or a system; None if nothing recorded is meant, or several things may be.
    """
    pool, wanted = _split_source(text, states)
    if "@" in wanted:
        return _only(_spelled(wanted, _names(pool)))
    systems = systems_in(pool)
    alike = [wanted] if wanted in systems else [each for each in systems if each.casefold() == wanted.casefold()]
    return alike[0] if len(alike) == 1 else _only(_of_version(wanted, pool))


def state_hint(text: str, states: Sequence[MaterializationVersion]) -> str:
    """What to write instead of the name of a materialization version or system that is not recorded."""
    pool, wanted = _split_source(text, states)
    if "@" in wanted:
        return _version_hint(wanted, pool)
    several = sorted(name.text for name in _of_version(wanted, pool))
    if several:
        return f"; several are recorded: write {' or '.join(several)}."
    return hint(wanted, systems_in(pool))


def _version_hint(wanted: str, pool: Iterable[MaterializationVersion]) -> str:
    """First what the same system has, then who has the same version, then what is near at all."""
    system, _, version = wanted.partition("@")
    names = _names(pool)
    of_system = {name.text for name in names if name.system.casefold() == system.casefold()}
    of_version = {name.text for name in _of_version(version, pool)}
    return hint(wanted, of_system or of_version or {name.text for name in names})


def _names(states: Iterable[MaterializationVersion]) -> list[_Name]:
    return [_Name(state, text) for state in states for text in names_of(state)]


def _split_source(text: str, states: Sequence[MaterializationVersion]) -> tuple[Sequence[MaterializationVersion], str]:
    """The states of the source that is named in front, if any, and the text without it and with `@` for `:`."""
    source, _, rest = text.strip().rpartition("/")
    pool = [each for each in states if source.casefold() in ("", each.source.casefold())]
    return pool, rest if "@" in rest else rest.replace(":", "@", 1)


def _spelled(wanted: str, names: Sequence[_Name]) -> list[_Name]:
    """The names that are spelled so: as it is written, else in another case, else without a v."""
    alike = ([name for name in names if spell(name.text) == spell(wanted)] for spell in (str, str.casefold, _without_v))
    return next(filter(None, alike), list[_Name]())


def _of_version(version: str, pool: Iterable[MaterializationVersion]) -> list[_Name]:
    """The states that have a version of that text, by one name each."""
    plain = _without_v(f"@{version}")[1:]
    found: list[_Name] = []
    for name in _names(pool):
        if name.version == plain and not any(_same(name, other) for other in found):
            found.append(name)
    return found


def _only(names: Sequence[_Name]) -> str | None:
    """The name, if all these are names of one state."""
    return names[0].text if names and all(_same(names[0], other) for other in names) else None


def _same(one: _Name, other: _Name) -> bool:
    return bool(set(names_of(one.state)) & set(names_of(other.state)))


def _without_v(name: str) -> str:
    return re.sub(r"@v(?=[0-9])", "@", name.casefold())
