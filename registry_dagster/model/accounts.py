"""People and groups as they are named here: `ada`, `ada@lab.org`, `team:fly`; DataHub's URNs name them, too."""

from __future__ import annotations

import re
from urllib.parse import unquote

__all__ = ["plain_account"]

_URN = re.compile(r"urn:li:(?P<kind>corpuser|corpGroup):(?P<name>.+)", re.IGNORECASE)


def plain_account(account: str) -> str:
    """A user or group without its URN: `ada` of `urn:li:corpuser:ada`, `team:fly` of `urn:li:corpGroup:fly`."""
    found = _URN.fullmatch(account.strip())
    if found is None:
        return account
    # Only what a URN must encode; a % of somebody's own stays.
    name = re.sub("%28|%29|%2C|%E2%90%9F", lambda code: unquote(code[0]), found["name"])
    return f"team:{name}" if found["kind"].lower() == "corpgroup" else name
