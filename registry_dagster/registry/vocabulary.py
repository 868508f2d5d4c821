"""What a name means that somebody typed, given the names that are known. Pure; `known_names` reads them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence

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


def systems_in(states: Iterable[MaterializationVersion]) -> list[str]:
    """The systems that states are known in, by any of their names, without repetitions."""
    return list(dict.fromkeys(name.partition("@")[0] for state in states for name in names_of(state)))


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
    systems = systems_in(pool)
    if wanted in systems:
        return wanted
    named = _named(wanted, pool)
    if named or "@" in wanted:
        return _only(named)
    alike = [each for each in systems if each.casefold() == wanted.casefold()]
    return alike[0] if len(alike) == 1 else _only(_of_version(wanted, pool))


def state_hint(text: str, states: Sequence[MaterializationVersion]) -> str:
    """What to write instead of the name of a materialization version or system that is not recorded."""
    pool, wanted = _split_source(text, states)
    system, at, version = wanted.partition("@")
    of_version = _of_version(version if at else wanted, pool)
    names = {str(state) for state in pool}
    if not at and len(of_version) > 1:
        return f"; several are recorded: write {' or '.join(sorted(str(state) for state, _ in of_version))}."
    of_system = {
        name for state in pool for name in names_of(state) if name.partition("@")[0].casefold() == system.casefold()
    }
    if at and of_system:
        return hint(f"{next(iter(of_system)).partition('@')[0]}@{version}", of_system)
    if at and of_version:
        return hint(wanted, {name for _, name in of_version})
    return hint(wanted, names | set(systems_in(pool)) if at or not names else set(systems_in(pool)))


def _split_source(text: str, states: Sequence[MaterializationVersion]) -> tuple[Sequence[MaterializationVersion], str]:
    """The states of the source that is named in front, if any, and the text without it and with `@` for `:`."""
    source, _, rest = text.strip().rpartition("/")
    pool = [each for each in states if each.source.casefold() == source.casefold()] if source else states
    return pool, rest if "@" in rest else rest.replace(":", "@", 1)


def _named(wanted: str, pool: Iterable[MaterializationVersion]) -> list[tuple[MaterializationVersion, str]]:
    """The states that a text names, each with that name: as it is written, else in another case, else without a v."""
    named = [(state, name) for state in pool for name in names_of(state)]
    for spelling in (str, str.casefold, _without_v):
        if found := [(state, name) for state, name in named if spelling(name) == spelling(wanted)]:
            return found
    return []


def _of_version(version: str, pool: Iterable[MaterializationVersion]) -> list[tuple[MaterializationVersion, str]]:
    """The states that have a version of that text, each with the name that has it; one name for each state."""
    folded = _without_v(f"@{version}")
    found: dict[str, tuple[MaterializationVersion, str]] = {}
    for state in pool:
        named = next((name for name in names_of(state) if _without_v(f"@{name.partition('@')[2]}") == folded), None)
        if named is not None and not any(set(names_of(state)) & set(names_of(other)) for other, _ in found.values()):
            found[str(state)] = state, named
    return list(found.values())


def _only(named: Sequence[tuple[MaterializationVersion, str]]) -> str | None:
    """The name, if all these are names of one state."""
    if not named:
        return None
    (first, name), *others = named
    same = all(set(names_of(first)) & set(names_of(other)) for other, _ in others)
    return name if same else None


def _without_v(name: str) -> str:
    return re.sub(r"@v(?=[0-9])", "@", name.casefold())
