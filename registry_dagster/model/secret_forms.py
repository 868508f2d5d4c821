"""The forms by which a text shows that a credential is in it. Each takes time in proportion to the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote

__all__ = ["decodings", "first_secret"]

_MOST_ENCODINGS = 3

_SIGNED = "|".join(
    (
        r"x-(?:amz|goog)-[a-z-]{1,40}",
        "awsaccesskeyid",
        "googleaccessid",
        "key-pair-id",
        "sharedaccesssignature",
        "(?:account|sharedaccess)_?key",
        "secret_?(?:access_?)?key",
        "client_secret",
        "access_token",
        "password",
    )
)
_NAMED = r"(?:api|private)_?key|passwd|pwd|(?:session|security|refresh|id|private|auth|oauth)_?token"
_SHORT = "sig|signature|token|code|policy"
"""Also good names of a partition column, as in `code=MB`."""

_PARTITION = r"(?!(?:[\d.:TZ+-]+|[0-9a-f]{1,16}|[0-9A-F]{1,16})(?:/|$))"
"""Before a value: not a number, a moment or 64 bits in hex."""

_MIXED = r"(?=[^/]*\d)(?=[^/]*[a-z])(?=[^/]*[A-Z])[A-Za-z0-9+=_.~%-]{20}"
"""A value as keys and tokens have it."""

_KEY = "a signature, key or token"
_KEY_ID = "an access key id"
_USER = "a user with a password"
_VENDORS = "|".join(
    (
        r"gh[oprsu]_[A-Za-z0-9]{30}|github_pat_\w{22}",
        r"gl(?:pat|dt|rt|cbt|ptt)-[\w-]{20}",
        r"xox[abeoprs]-[A-Za-z0-9-]{10}",
        r"AIza[\w-]{35}|ya29\.[\w-]{20}|GOCSPX-[\w-]{20}",
        r"hf_[A-Za-z0-9]{30}",
        r"sk-(?:ant|proj|svcacct|or)-[\w-]{20}|sk-[A-Za-z0-9]{40}|[rs]k_live_[A-Za-z0-9]{16}",
        r"dapi[0-9a-f]{32}",
        r"npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{40}",
        r"SG\.[\w-]{22}\.[\w-]{20}",
        r"dop_v1_[0-9a-f]{64}",
    )
)
_USER_WITH_PASSWORD = r"//[^/@\s:]+:(?!\d+/)"
_USER_AFTER_ONE_SLASH = r"(?i)(?:https?|s?ftp|s3[an]?|gs|abfss?|hdfs|postgresql|mysql):/[^/@\s:]+:(?!\d+/)"

Find = Callable[[str], "int | None"]
"""Where in a text a form begins; None if it is not there."""


# Compiled where they are first searched for: most programs look for few of them.
def _find(pattern: str) -> Find:
    def find(text: str) -> int | None:
        found = re.search(pattern, text)
        return found.start() if found else None

    return find


def _find_user(user: str) -> Find:
    """What begins as a user does, and is followed by @ before any blank."""

    def find(text: str) -> int | None:
        # Up to the last @ of each word alone, so that no part is looked through again from every place before it.
        for word in re.finditer(r"\S+", text):
            if found := re.search(user, word[0].rpartition("@")[0]):
                return word.start() + found.start()
        return None

    return find


def _find_web_token(text: str) -> int | None:
    for header in re.finditer(r"(?<![\w-])[\w-]+(?=\.[\w-]{8,}\.)", text):
        if token := re.search(r"(?<![A-Za-z0-9])eyJ[\w-]{8}", header[0]):
            return header.start() + token.start()
    return None


_RECORDED: Sequence[tuple[str, Find]] = (
    (_KEY, _find(rf"(?i:\b(?:{_SIGNED})\s{{0,8}}=|[?&;#]\s{{0,8}}(?:{_SHORT})=)")),
    (_KEY, _find(rf"/(?i:{_SHORT})={_PARTITION}(?=[^/]*\d)[^/]{{16}}")),
    (_KEY_ID, _find(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])")),
    ("a JSON web token", _find_web_token),
    (_USER, _find_user(_USER_WITH_PASSWORD)),
)
"""What no record holds."""

_LATER: Sequence[tuple[str, Find]] = (
    (_KEY, _find(rf"(?i:(?<![a-z0-9])(?:{_SIGNED}|{_NAMED})\s{{0,8}}=\s{{0,8}}[^/]{{8}})")),
    (_KEY, _find(rf"/(?i:key|sas|bearer|auth|secret|credentials?|{_SHORT})\s{{0,8}}=\s{{0,8}}{_MIXED}")),
    (_KEY_ID, _find(r"(?<![A-Za-z0-9])(?:ABIA|ACCA)[0-9A-Z]{16}(?![A-Za-z0-9])")),
    ("an access token", _find(rf"(?<![A-Za-z0-9])(?:{_VENDORS})")),
    ("a private key", _find(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY")),
    (_USER, _find_user(_USER_AFTER_ONE_SLASH)),
)
"""What is refused of new tables only: records that were published before these forms were known still read."""


def decodings(text: str) -> Iterator[str]:
    """The text, and what it says when it is percent-decoded, once and again."""
    for _ in range(_MOST_ENCODINGS):
        yield text
        decoded = unquote(text)
        if decoded == text:
            return
        text = decoded


def first_secret(text: str, *, recorded: bool = False) -> tuple[int, str] | None:
    """Where the first credential begins, and what it is, in words; None if there is none.

    Args:
        text: Not decoded here; see `decodings`.
        recorded: Whether it was published before: then only what no record ever held is looked for.
    """
    forms = _RECORDED if recorded else (*_RECORDED, *_LATER)
    found = [(start, what) for what, find in forms if (start := find(text)) is not None]
    return min(found, default=None)
