"""Secrets among options that are written down where others read them: by the name of an option, or its value's form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from registry_dagster.model.secrets import secret_in

__all__ = ["is_secret_text", "secret_options"]

IsReference = Callable[[object], bool]
"""Whether a value only says where the secret is, such as the name of an environment variable."""

_WORDS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+"
_SECRETS = {
    *("key", "secret", "token", "password", "passwd", "pwd", "pass", "passphrase", "auth", "authorization", "basic"),
    *("credential", "credentials", "cookie", "bearer", "signature", "sig", "jwt", "sas"),
}
_GLUED = (
    r"(?:access|account|api|auth|client|private|refresh|sas|secret|security|session|shared){1,3}"
    r"(?:id|key|password|secret|signature|token)"
)
_ENDINGS = {"value", "text", "header", "string"}
"""What may follow the word, as in `token_value`."""

_NAMES_OF_COLUMNS = {"primary", "partition", "sort", "foreign", "public"}
"""A key of these is harmless."""

_PUBLIC = {"", "anon", "browser", "cache", "cloud", "google_default"}
"""Words that gcsfs accepts in place of a token."""

_FILES = {"token", "credential", "credentials"}
"""May be the name of a file that holds it."""

_USER_IN_URL = r"(?i)https?://[^/@\s]+@|://:[^/@\s]*@"
"""A token in place of the user, which several services accept; or a password alone."""


def secret_options(options: Mapping[str, Any], is_reference: IsReference) -> Iterator[str]:
    """The names of options with a secret in them; inner ones with dots, as in `client_kwargs.aws_secret_access_key`."""
    for name, value in options.items():
        yield from _secrets(name, value, is_reference, of=_secret_word(name))


def _secret_word(name: str) -> str | None:
    """The word by which a name says that its value is a secret: its last, as in `s3.secret-access-key`."""
    words = [word.lower() for word in re.findall(_WORDS, name)]
    while len(words) > 1 and words[-1] in _ENDINGS:
        if words[-2:] == ["connection", "string"]:
            return "connection"
        words.pop()
    if words[-3:] == ["access", "key", "id"]:
        return "key"
    return _last_secret(words)


def _last_secret(words: Sequence[str]) -> str | None:
    if not words or (words[-1] == "key" and not _NAMES_OF_COLUMNS.isdisjoint(words[-2:])):
        return None
    is_secret = words[-1] in _SECRETS or words[-1] == "connectionstring" or re.fullmatch(_GLUED, words[-1])
    return words[-1] if is_secret else None


def _secrets(name: str, value: object, is_reference: IsReference, *, of: str | None) -> Iterator[str]:
    """The names of the secrets in a value; `of` is the word by which its own name says that it is one."""
    if is_reference(value) or value is None or isinstance(value, bool):
        return
    if isinstance(value, Mapping):
        for key, each in cast("Mapping[object, object]", value).items():
            yield from _secrets(f"{name}.{key}", each, is_reference, of=of or _secret_word(str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        yield from _in_list(name, cast("Sequence[object]", value), is_reference, of=of)
    elif _is_secret(value, of):
        yield name


def _in_list(name: str, values: Sequence[object], is_reference: IsReference, *, of: str | None) -> Iterator[str]:
    if len(values) == 2 and isinstance(values[0], str) and (word := _secret_word(values[0])):
        # A header as a pair.
        yield from _secrets(f"{name}.{values[0]}", values[1], is_reference, of=word)
        return
    for place, each in enumerate(values, start=1):
        # `auth` is a user, who is not a secret, and a password.
        is_user = name == "auth" and place < len(values)
        yield from _secrets(name, each, is_reference, of=None if is_user else of)


def _is_secret(value: object, word: str | None) -> bool:
    text = value.decode("latin-1") if isinstance(value, bytes | bytearray) else str(value)
    return (word is not None and not _is_public(text, word)) or is_secret_text(text)


def is_secret_text(text: str) -> bool:
    """Whether a text is, or holds, a credential: by its form, as an address with a user, or as a header."""
    return bool(secret_in(text) or re.search(_USER_IN_URL, text) or _is_header(text))


def _is_header(text: str) -> bool:
    """Whether it is a whole header, as in `Authorization: Bearer …`."""
    name, colon, value = text[:200].partition(":")
    return bool(colon and " " not in name and value.startswith(" ") and _secret_word(name))


def _is_public(text: str, word: str) -> bool:
    """Whether a text is harmless, though its option has the name of a secret."""
    return text in _PUBLIC or (word in _FILES and text.endswith(".json"))
