"""What a server may repeat of a request, kept out of what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["Scrubber"]

_LONG = 16
_STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Scrubber:
    """Takes secrets out of a server's answers, also where it writes them percent-encoded or as JSON escapes.

    Args:
        token: The token; None if there is none.
        headers: The values of headers that are kept as secret.
    """

    def __init__(self, token: str | None, headers: Iterable[str]) -> None:
        values = [value for value in (token, *headers) if value]
        self._all = _anyhow(values)
        # A short value, such as 1, may be part of any answer: to take it out would change what a record says.
        self._long = _anyhow([value for value in values if value == token or len(value) >= _LONG])

    def clean(self, text: str, *, failed: bool) -> str:
        """The text without secrets.

        Args:
            text: A server's answer, or what a library says about it.
            failed: Whether it is for people: then short secrets, and what steers a terminal, are taken out too.
        """
        if not failed:
            return self._long.sub("***", text)
        return _STEERS.sub("\ufffd", self._all.sub("***", text))


def _anyhow(secrets: Iterable[str]) -> re.Pattern[str]:
    """Finds secrets as they are and in any encoding; nothing if there are none."""
    forms = ["".join(map(_letter, secret)) for secret in sorted(secrets, key=len, reverse=True)]
    return re.compile("|".join(forms) or r"(?!)")


def _letter(letter: str) -> str:
    """A letter as it is, percent-encoded once or several times, or as an escape of JSON."""
    encoded = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in letter.encode())
    return rf"\\?(?:{re.escape(letter)}|{encoded}|u(?i:{ord(letter):04x}))"
