"""License, citation, DOI and code: what is taken, how it is spelled, and what is never recorded."""

from __future__ import annotations

import pytest

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.act import Act
from registry_dagster.model.citable import Citable, license_doubt
from registry_dagster.model.source_code import SourceCode, address_of_remote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "given",
    [
        *("10.5281/zenodo.1", "10.5281/Zenodo.1", "doi:10.5281/zenodo.1", " https://doi.org/10.5281/zenodo.1 "),
        *("http://dx.doi.org/10.5281/zenodo.1", "https://doi.org/10.5281/zenodo%2E1"),
    ],
)
def test_a_doi_has_one_spelling(given: str) -> None:
    assert Citable.of(None, None, given).doi == "10.5281/zenodo.1"


@pytest.mark.parametrize("given", ["zenodo.1", "10.5281", "10.5/x", "https://zenodo.org/record/1", "10.5281/a b"])
def test_what_is_no_doi_is_refused_with_the_form_of_one(given: str) -> None:
    with pytest.raises(InvalidDeclaration, match=r"is not a DOI; write e\.g\. 10\.5281/"):
        Citable.of(None, None, given)


@pytest.mark.parametrize(
    "given",
    [
        "MIT",
        "CC-BY-4.0",
        "Apache-2.0 OR MIT",
        "GPL-2.0+",
        "(MIT AND BSD-3-Clause)",
        "LicenseRef-lab",
        "https://x.org/l",
    ],
)
def test_spdx_and_addresses_raise_no_doubt(given: str) -> None:
    assert license_doubt(Citable.of(given, None, None).license) is None


def test_other_licenses_are_taken_with_a_doubt() -> None:
    assert "did you mean CC-BY-4.0?" in str(license_doubt("CC BY 4.0"))
    assert "programs do not know it" in str(license_doubt("ask the lab"))
    with pytest.raises(InvalidDeclaration, match="credential") as error:
        Citable.of("https://ada:hunter2@x.org/license", None, None)
    assert "hunter2" not in str(error.value)


def test_entries_of_earlier_releases_are_read() -> None:
    old = {"act": "licence", "by": "ada@lab.org", "why": "x", "at": "2026-01-01T00:00:00Z", "licence": "MIT"}
    act = Act.model_validate(old)
    assert (act.act, act.license, act.words) == ("license", "MIT", "license MIT")
    assert Act.model_validate(act.to_json()) == act


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/lab/emb.git", "https://github.com/lab/emb"),
        ("git@github.com:lab/emb.git", "https://github.com/lab/emb"),
        ("https://ada:hunter2@github.com/lab/emb", "https://github.com/lab/emb"),
        ("https://x-token:hunter2@git.lab.org:8443/lab/emb.git?a=hunter2", "https://git.lab.org:8443/lab/emb.git"),
        ("ssh://git@git.lab.org:22/lab/emb", "ssh://git.lab.org:22/lab/emb"),
        ("git@git.lab.org:lab/emb", "ssh://git.lab.org/lab/emb"),
        *(("/home/ada/emb.git", None), ("file:///home/ada/emb", None), ("C:\\emb", None), ("", None)),
        ("https://git.lab.org/ghp_0123456789abcdefghijABCDEFGHIJ012345/emb", None),
    ],
)
def test_a_remote_is_an_address_without_credentials(remote: str, address: str | None) -> None:
    assert address_of_remote(remote) == address
    if address:
        assert address_of_remote(address) == address


def test_code_is_a_repository_and_a_whole_commit() -> None:
    code = SourceCode.parse(f"git@github.com:lab/emb.git@{COMMIT}:pipeline/emb.py")
    assert code == SourceCode(repository="https://github.com/lab/emb", commit=COMMIT, path="pipeline/emb.py")
    assert SourceCode.parse(str(code)) == code
    assert SourceCode.parse(COMMIT).repository is None
    for wrong in ("main", "https://github.com/lab/emb@main", "https://github.com/lab/emb@0123456", f"lab@{COMMIT}"):
        with pytest.raises(InvalidDeclaration):
            SourceCode.parse(wrong)
    with pytest.raises(InvalidDeclaration, match="user name or password") as error:
        SourceCode.parse(f"https://ada:hunter2@github.com/lab/emb@{COMMIT}")
    assert "hunter2" not in str(error.value)
