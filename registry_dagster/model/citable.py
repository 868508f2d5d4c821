"""What papers ask for beside a record: a license, how to cite, a DOI. Checked by shape alone; nothing is looked up."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator

from registry_dagster.model.base import Model
from registry_dagster.model.recorded import is_recorded
from registry_dagster.model.secrets import secret_in
from registry_dagster.model.text import Sentence, Text, shown

__all__ = ["Citable", "Doi", "License", "is_web_address", "license_doubt"]

_IDENTIFIER = r"[A-Za-z0-9](?:[A-Za-z0-9.:-]*[A-Za-z0-9])?\+?"
_EXPRESSION = rf"\(*{_IDENTIFIER}\)*(?: (?:AND|OR|WITH) \(*{_IDENTIFIER}\)*)*"
_DOI = r"(?i)(?:doi:\s*|(?P<web>https?://(?:dx\.|www\.)?doi\.org/))?(?P<doi>10\.\d{4,9}(?:\.\d+)*/\S+)"


def _license(text: str) -> str:
    text = text.strip()
    if not is_recorded() and (secret_in(text) or (is_web_address(text) and "@" in urlsplit(text).netloc)):
        raise ValueError("the license has a credential in it, which is not repeated here; leave it out")
    return text


def _doi(text: str) -> str:
    found = re.fullmatch(_DOI, text.strip())
    if found is None:
        raise ValueError(
            f"{shown(text)} is not a DOI; write e.g. 10.5281/zenodo.1234567 or its https://doi.org/ address"
        )
    # A DOI is the same in any case; in an address it may be percent-encoded.
    return (unquote(found["doi"]) if found["web"] else found["doi"]).lower()


License = Annotated[Text, AfterValidator(_license)]
"""An SPDX expression, a web address, or words."""

Doi = Annotated[Text, AfterValidator(_doi)]
"""A DOI as `10.prefix/suffix`, in lower case; `doi:` and addresses at doi.org are taken off."""


class Citable(Model):
    """What papers ask for of one version, as far as people said it.

    Args:
        license: An SPDX expression such as `CC-BY-4.0`, a web address, or words.
        citation: How to cite it, in words.
        doi: Its DOI.
    """

    license: License | None = None
    citation: Sentence | None = None
    doi: Doi | None = None

    @classmethod
    def of(cls, license: object, citation: object, doi: object) -> Citable:
        """What was given.

        Raises:
            InvalidDeclaration: one of them is not well formed.
        """
        given = {"license": license, "citation": citation, "doi": doi}
        return cls.from_json({name: value for name, value in given.items() if value is not None})

    @property
    def stated(self) -> dict[str, str]:
        """Those that are given."""
        return self.to_json()


def is_web_address(text: str) -> bool:
    """Whether a text is an address on the web."""
    return text.startswith(("https://", "http://"))


def license_doubt(text: str | None) -> str | None:
    """What a person should know of a license; None if it is missing, a web address, or has the shape of SPDX."""
    if text is None or is_web_address(text) or _is_expression(text):
        return None
    spelled = text.strip().replace(" ", "-")
    meant = f"; did you mean {spelled}?" if spelled.upper().startswith("CC") and _is_expression(spelled) else ""
    return (
        f"the license {shown(text)} is neither an SPDX identifier, such as CC-BY-4.0, nor a web address, so programs "
        f"do not know it{meant}"
    )


def _is_expression(text: str) -> bool:
    return re.fullmatch(_EXPRESSION, text) is not None
