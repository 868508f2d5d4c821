"""People and groups as they are named here: `ada`, `ada@lab.org`, `team:fly`; DataHub's URNs name them, too."""

from __future__ import annotations

import re
from urllib.parse import unquote

__all__ = ["owners_meant", "plain_account"]

_URN = re.compile(r"urn:li:(?P<kind>corpuser|corpGroup):(?P<name>.+)", re.IGNORECASE)


def plain_account(account: str) -> str:
    """A user or group without its URN: `ada` of `urn:li:corpuser:ada`, `team:fly` of `urn:li:corpGroup:fly`."""
    found = _URN.fullmatch(account.strip())
    if found is None:
        return account
    # Only what a URN must encode; a % of somebody's own stays.
    name = re.sub("%28|%29|%2C|%E2%90%9F", lambda code: unquote(code[0]), found["name"])
    return f"team:{name}" if found["kind"].lower() == "corpgroup" else name


def owners_meant(typed: str) -> tuple[str, ...]:
    """The users and groups that a text may mean: a plain name is that of a user or of a group."""
    account = plain_account(typed)
    is_plain = account == typed and not account.startswith("team:") and "@" not in account
    return (account, f"team:{account}") if is_plain else (account,)
