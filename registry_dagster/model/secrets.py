"""What must never stand in a published location."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

__all__ = ["credential_in"]

_PATTERNS = {
    "a signature or token": re.compile(
        r"(?i)(x-amz-|x-goog-|googleaccessid|awsaccesskeyid|key-pair-id|(?<![a-z])(signature|sig|token|code|policy)=)"
    ),
    "an account key": re.compile(r"(?i)(accountkey|sharedaccesskey|secret_?(access_?)?key|password)\s*="),
    "an access key id": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a JSON web token": re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
}


def credential_in(location: str) -> str | None:
    """What in a location looks like a credential, in words that do not repeat it; None when nothing does."""
    parts = urlsplit(location)
    user, at, _ = parts.netloc.rpartition("@")
    if at and ":" in user:
        return "a user with a password"
    return next((what for what, pattern in _PATTERNS.items() if pattern.search(location)), None)
