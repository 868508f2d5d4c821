"""The whole way to a table for somebody without credentials: registry, signing service, engine."""

from __future__ import annotations

import hashlib
import io
import os
import re
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import requests
import uvicorn
import yaml
from deltalake import write_deltalake

from example_project.signing_service.policy import Person, Policy
from example_project.signing_service.service import signing_app
from registry_dagster.registry.registry import Registry
from registry_dagster.tables import inspect_table
from tests.registry.declared import declared
from tests.tables.places import SECRET, Place, S3Server, place_in
from tests.tables.read_code.s3_gate import Gate, gate_before
from tests.tables.read_code.tables import s3_environment

PAGE = Path(__file__).parents[3] / "docs" / "access.md"
ROWS = {"body_id": [1, 2, 3], "score": [0.5, 0.25, 1.0]}
VERSION = "hemibrain.neurons@v1"


@dataclass
class Lab:
    """A table in S3, published; a signing service; and a gate before S3 that checks what is signed."""

    registry: Registry
    place: Place
    gate: Gate
    signing: str

    def ask(self, version: str = VERSION, token: str | None = "ada's token", **wanted: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(self.signing, json={"version": version, **wanted}, headers=headers, timeout=30)

    def write(self, name: str) -> None:
        body = io.BytesIO()
        pq.write_table(pa.table(ROWS), body)
        self.place.put(f"neurons/{name}.parquet", body.getvalue())


@pytest.fixture
def lab(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Lab, None, None]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = s3_environment(s3)
    target = f"lite://{tmp_path / 'registry.db'}"
    with (
        gate_before(s3.url, settings["AWS_ACCESS_KEY_ID"], SECRET) as gate,
        place_in("s3", tmp_path, lambda: s3) as place,
        Registry.open(target) as registry,
    ):
        for name, value in {**settings, "AWS_ENDPOINT_URL": gate.url, "FEATURE_REGISTRY": target}.items():
            monkeypatch.setenv(name, value)
        lab = Lab(registry, place, gate, "")
        lab.write("part 0")
        registry.publish(declared(), inspect_table(place.at("neurons")), message="why", publisher="ada@lab.org")
        with served(policy(tmp_path, place.at("neurons"))) as lab.signing:
            monkeypatch.setenv("FEATURE_REGISTRY_SIGNING", lab.signing)
            yield lab


def policy(folder: Path, place: str) -> Policy:
    people = [
        {
            "name": name,
            "token_sha256": hashlib.sha256(f"{name}'s token".encode()).hexdigest(),
            "reads": [reads],
            "below": [place],
        }
        for name, reads in {"ada": "hemibrain.*", "eve": "public.*"}.items()
    ]
    file = folder / "policy.yaml"
    file.write_text(yaml.safe_dump({"people": people, "longest_seconds": 1800}))
    return Policy.from_yaml(file)


@contextmanager
def served(policy: Policy) -> Generator[str, None, None]:
    """The signing service's address. What is asked before it is up waits in the socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(signing_app(policy), log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/links"
        server.should_exit = True
        thread.join()


def urls(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [file["url"] for file in answer.json()["files"]]


def test_an_engine_reads_the_published_files_through_links_that_were_signed_for_it(lab: Lab) -> None:
    answer = lab.ask()
    assert pl.scan_parquet(urls(answer)).collect().to_dict(as_series=False) == ROWS
    dataset = ds.dataset(urls(answer), filesystem=fsspec.filesystem("http"), format="parquet")
    assert dataset.to_table().to_pydict() == ROWS

    said = answer.json()
    assert said["version"] == VERSION
    assert said["digest"] == lab.registry.get(VERSION).digest
    assert [file["path"] for file in said["files"]] == ["part 0.parquet"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert SECRET not in answer.text


def test_a_link_that_has_expired_fails(lab: Lab) -> None:
    (url,) = urls(lab.ask(seconds=60))
    assert pl.read_parquet(url).height == 3

    lab.gate.ahead = timedelta(seconds=61)
    with pytest.raises(OSError, match="403"):
        pl.read_parquet(url)
    assert set(lab.gate.refused) == {"AccessDenied: Request has expired"}
    assert requests.get(url, timeout=30).status_code == 403


def test_no_link_lives_longer_than_the_policy_allows(lab: Lab) -> None:
    (url,) = urls(lab.ask(seconds=10**6))
    assert "X-Amz-Expires=1800&" in url


def test_a_link_changed_to_live_longer_or_to_lead_elsewhere_fails(lab: Lab) -> None:
    (url,) = urls(lab.ask(seconds=60))
    lab.write("other")
    for changed, why in (
        (url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"), "SignatureDoesNotMatch"),
        (url.replace("part%200", "other"), "SignatureDoesNotMatch"),
        (url.partition("?")[0], "AccessDenied"),
    ):
        lab.gate.refused.clear()
        with pytest.raises(OSError, match="403"):
            pl.read_parquet(changed)
        assert set(lab.gate.refused) == {why}


@pytest.mark.parametrize(
    ("asked", "status", "why"),
    [
        ({"token": None}, 401, "a bearer token that this service knows is needed"),
        ({"token": "guessed"}, 401, "a bearer token that this service knows is needed"),
        ({"token": "eve's token"}, 403, "eve may not read hemibrain.neurons@v1; ask its owners"),
        ({"token": "eve's token", "version": "hemibrain.unknown@v1"}, 403, "eve may not read hemibrain.unknown@v1"),
        ({"version": "hemibrain.neurons@v2"}, 404, "not published"),
        ({"version": "hemibrain.neurons"}, 400, "names an exact version"),
        ({"seconds": 0}, 400, "names an exact version"),
    ],
)
def test_who_may_not_read_it_gets_no_link_and_a_reason(lab: Lab, asked: Any, status: int, why: str) -> None:
    answer = lab.ask(**asked)
    assert answer.status_code == status
    assert why in answer.json()["error"]
    assert "token" not in asked or str(asked["token"]) not in answer.text


def test_a_table_that_lies_elsewhere_is_not_read_through_a_name_that_may_be_read(lab: Lab) -> None:
    """Mallory may publish, and copies the public location of a table that she may not read."""
    for name in ("neurons_secret", "vault"):
        body = io.BytesIO()
        pq.write_table(pa.table(ROWS), body)
        lab.place.put(f"{name}/part.parquet", body.getvalue())
        table = inspect_table(lab.place.at(name))
        copied = lab.registry.publish(declared(), table, message="why", publisher="mallory@lab.org").version
        answer = lab.ask(copied)
        assert answer.status_code == 403
        assert f"ada may not read tables where {copied} is" in answer.json()["error"]


@pytest.mark.parametrize(
    ("location", "allowed"),
    [
        ("s3://lake/hemibrain/neurons", True),
        ("s3a://lake/hemibrain", True),
        ("s3://lake/hemibrain_secret/t", False),
        ("s3://lake/hemibrain/../vault", False),
        ("s3://lake2/hemibrain/t", False),
        ("s3://open/any/t", True),
        ("s3://open2/t", False),
    ],
)
def test_a_place_is_a_bucket_or_a_prefix_of_whole_names(location: str, allowed: bool) -> None:
    person = Person(name="a", token_sha256="0" * 64, reads=["*"], below=["s3://lake/hemibrain/", "s3://open"])
    assert person.may_read_from(location) is allowed


def test_no_link_leads_to_a_table_that_is_no_longer_the_published_one(lab: Lab) -> None:
    lab.write("part 1")
    answer = lab.ask()
    assert answer.status_code == 409
    assert "is not in state" in answer.json()["error"]


def test_a_table_that_is_more_than_its_files_gets_no_links(lab: Lab, tmp_path: Path) -> None:
    write_deltalake(tmp_path / "delta", pa.table(ROWS))
    lab.registry.publish(declared(), inspect_table(tmp_path / "delta"), message="why", publisher="ada@lab.org")
    answer = lab.ask("hemibrain.neurons@v2")
    assert answer.status_code == 422
    assert "hemibrain.neurons@v2 is delta at file://" in answer.json()["error"]


def test_the_page_about_it_runs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNING_TOKEN", "ada's token")
    namespace: dict[str, Any] = {"__name__": "access"}
    for block in blocks("python"):
        exec(compile(block, PAGE.name, "exec", dont_inherit=True), namespace)
    assert namespace["neurons"].to_dict(as_series=False) == ROWS


def test_the_policy_on_the_page_is_one() -> None:
    (written,) = blocks("yaml")
    person = Policy.model_validate(yaml.safe_load(written)).who("secret")
    assert person is not None
    assert person.may_read("hemibrain.neurons")
    assert not person.may_read("minnie65.nuclei")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
