"""A store that is down, slow, closed or broken is reported as such, soon, and without secrets."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import RegistryError, TableAccessDenied, TableError, TableNotFound, TableUnreachable
from registry_dagster.tables import inspect_table
from registry_dagster.tables.lance.inspect import inspect_lance
from registry_dagster.tables.storage.failures import table_error
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import prepared
from tests.tables.places import AZURE_KEY, SECRET
from tests.tables.storage.fake_stores import Failing, serving

SECRETS = [SECRET, AZURE_KEY, "AKIAIOSFODNN7EXAMPLE", "s3cr3t-t0ken"]
Options = Callable[[str], Mapping[str, Any]]
PATIENT = 30
"""Seconds that an answer never takes, on a busy machine either."""


def s3(url: str) -> dict[str, Any]:
    return {"key": "AKIAIOSFODNN7EXAMPLE", "secret": SECRET, "token": "s3cr3t-t0ken", "endpoint_url": url}


def gcs(url: str) -> dict[str, Any]:
    return {"endpoint_url": url}


def azure(url: str) -> dict[str, Any]:
    account = f"BlobEndpoint={url}/account;AccountName=account;AccountKey={AZURE_KEY}"
    return {"connection_string": f"DefaultEndpointsProtocol=http;{account}"}


def http(url: str) -> dict[str, Any]:
    return {"headers": {"Authorization": "Bearer s3cr3t-t0ken"}}


STORES: dict[str, tuple[str, Options]] = {
    "s3": ("s3://lake/t", s3),
    "gcs": ("gs://lake/t", gcs),
    "azure": ("az://lake/t", azure),
    "http": ("{url}/lake/t", http),
}
every_store = pytest.mark.parametrize("store", STORES)


def failure(store: str, url: str, timeout: float = PATIENT) -> RegistryError:
    """The error of inspecting a table behind an endpoint, after a look for secrets in all that is shown of it."""
    location, options = STORES[store]
    with pytest.raises(TableError) as raised:
        inspect_table(location.format(url=url), storage_options={**options(url), "timeout": timeout})
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    assert not [secret for secret in SECRETS if secret in shown]
    return raised.value


@every_store
@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, TableAccessDenied, "denies access"),
        (403, TableAccessDenied, "denies access"),
        (404, TableNotFound, "Nothing is stored at"),
        (503, TableUnreachable, "failing or too busy|gave no answer within 2 s, or only failures"),
    ],
)
def test_what_a_store_answers_is_told(store: str, status: int, kind: type[TableError], says: str) -> None:
    with serving(Failing, status=status) as endpoint:
        # The libraries try a failing store again until the time is over.
        error = failure(store, endpoint.url, timeout=2 if status == 503 else PATIENT)
    assert type(error) is kind
    with pytest.raises(kind, match=says):
        raise error


@every_store
def test_a_store_that_does_not_answer_is_given_up(store: str) -> None:
    with serving(Failing, delay=5) as endpoint:
        error = failure(store, endpoint.url, timeout=2)
    assert type(error) is TableUnreachable
    assert "gave no answer within 2 s" in str(error)
    assert "set timeout in storage_options to wait longer" in str(error)


@every_store
def test_a_store_that_is_down_is_told(store: str) -> None:
    with serving(Failing) as endpoint:
        url = endpoint.url
    persistent = store in {"gcs", "azure"}  # their libraries try again until the time is over
    error = failure(store, url, timeout=2 if persistent else PATIENT)
    assert type(error) is TableUnreachable
    assert persistent or "cannot be reached" in str(error)


@pytest.mark.parametrize("store", ["s3", "http"])
def test_a_store_that_drips_bytes_is_given_up(store: str) -> None:
    location, options = STORES[store]
    with serving(Failing, drip=True) as endpoint:
        storage = open_storage(location.format(url=endpoint.url), {**options(endpoint.url), "timeout": 1})
        with pytest.raises(TableUnreachable, match="gave no answer within"):
            storage.read("x", 0, 1000)


def while_handling(*errors: Exception) -> Exception:
    """The last of some errors, each raised while the one before it was handled."""
    for before, error in pairwise(errors):
        error.__context__ = before
    return errors[-1]


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([FileNotFoundError("lake/t"), TimeoutError()], TableUnreachable),
        ([FileNotFoundError("lake/t"), PermissionError("Access Denied")], TableAccessDenied),
        ([TimeoutError(), FileNotFoundError("lake/t")], TableNotFound),
        ([FileNotFoundError("lake/t"), OSError("lake/t")], TableNotFound),
        ([FileNotFoundError(2, "No such file or directory", "lake/t")], TableNotFound),
        ([FileNotFoundError(2, "No such file or directory", "/etc/lab/ca.pem")], TableError),
        ([FileNotFoundError(2, "No such file or directory"), ConnectionError()], TableUnreachable),
        ([TableNotFound("of another place"), TimeoutError()], TableUnreachable),
    ],
)
def test_an_absence_is_told_where_nothing_else_came_of_it(errors: list[Exception], kind: type[TableError]) -> None:
    assert type(table_error(while_handling(*errors), "s3://lake/t", 10)) is kind


def test_a_key_file_that_is_not_there_is_no_table_that_is_not_there(tmp_path: Path) -> None:
    options = {"verify": str(tmp_path / "ca.pem")}
    with pytest.raises(TableError) as raised:
        inspect_table("https://127.0.0.1:1/t.parquet", storage_options=options)
    assert type(raised.value) is not TableNotFound


def test_ten_seconds_are_waited_by_default() -> None:
    assert prepared(None) == ({}, 10)
    assert prepared({"timeout": "2.5", "key": "k"}) == ({"key": "k"}, 2.5)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [({"status": 403}, TableAccessDenied), ({"status": 503}, TableUnreachable), ({"delay": 3}, TableUnreachable)],
)
def test_what_the_lance_package_meets_is_told_alike(settings: dict[str, Any], kind: type[TableError]) -> None:
    with serving(Failing, **settings) as endpoint:
        options = {**s3(endpoint.url), "timeout": 1}
        with pytest.raises(kind) as raised:
            inspect_lance(open_storage("s3://lake/t", options), 1, options)
    shown = "".join(traceback.format_exception(raised.value))
    assert not [secret for secret in [*SECRETS, "X-Amz", "127.0.0.1"] if secret in shown]


@pytest.mark.parametrize(("settings", "kind"), [({"delay": 3}, TableUnreachable), ({"status": 403}, TableError)])
def test_a_catalog_that_does_not_answer_is_given_up(settings: dict[str, Any], kind: type[TableError]) -> None:
    with serving(Failing, **settings) as endpoint:
        options = {"type": "rest", "uri": endpoint.url, "token": "s3cr3t-t0ken", "timeout": 1}
        with pytest.raises(kind, match=r"The Iceberg catalog 'c' did not give table n.t") as raised:
            inspect_table("iceberg://c/n.t", storage_options=options)
    assert "s3cr3t-t0ken" not in "".join(traceback.format_exception(raised.value))
