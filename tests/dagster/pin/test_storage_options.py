"""Tables in an object store: options reach the store, and their secrets reach nothing that is kept or shown."""

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import registry_dagster as rd
from registry_dagster.dagster.pin.storage_options import resolve_options
from registry_dagster.errors import TableAccessDenied, TableError, TableUnreachable
from tests.dagster.pipeline import cells_declared, failure, materialize, publish
from tests.tables.places import SECRET, S3Server, s3_server
from tests.tables.storage.fake_stores import BUCKET, Failing, serving

CLOUDS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_PROFILE")
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
TOKEN = "s3cr3t-s3ssion-t0ken"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"s3://{BUCKET}/{tmp_path.name}/cells.parquet"


@pytest.fixture
def options(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a pipeline is configured with."""
    for name in CLOUDS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LAB_KEY", KEY_ID)
    monkeypatch.setenv("LAB_SECRET", SECRET)
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    secrets = {"key": dg.EnvVar("LAB_KEY"), "secret": dg.EnvVar("LAB_SECRET"), "token": dg.EnvVar("LAB_TOKEN")}
    return {**secrets, "endpoint_url": s3.url, "client_kwargs": {"region_name": "us-east-1"}, "timeout": 20}


def registry(target: str, options: dict[str, Any] | None) -> rd.FeatureRegistry:
    return rd.FeatureRegistry(target=target, publisher="ada@lab.org", storage_options=options)


def put(s3: S3Server, uri: str, rows: int = 3) -> str:
    ids = pa.array(range(1, rows + 1), pa.int64())
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"nucleus_id": ids, "root_id": ids}), sink)
    s3.client.put_object(Bucket=BUCKET, Key=uri.partition(f"{BUCKET}/")[2], Body=sink.getvalue().to_pybytes())
    return uri


def cells_in(s3: S3Server, uri: str, options: dict[str, Any] | None = None) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared())
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, put(s3, uri), storage_options=options)

    return cells


def test_the_resources_options_open_the_table_to_pin_it_and_before_it_is_published(
    s3: S3Server, uri: str, instance: dg.DagsterInstance, target: str, options: dict[str, Any]
) -> None:
    resource = registry(target, options)
    assert materialize(instance, resource, cells_in(s3, uri)).success
    assert publish(instance, resource, asset="cells", message="first").success
    with rd.Registry.open(target) as opened:
        assert opened.get("minnie65.cells@v1").table.location == uri


def test_options_of_a_call_replace_the_resources(
    s3: S3Server, uri: str, instance: dg.DagsterInstance, target: str, options: dict[str, Any]
) -> None:
    nowhere = registry(target, {"endpoint_url": "http://127.0.0.1:1", "anon": True})
    assert materialize(instance, nowhere, cells_in(s3, uri, options)).success


@pytest.mark.parametrize(
    ("change", "says"),
    [("overwritten", "has changed since it was materialized"), ("deleted", "no longer exists")],
)
def test_a_table_that_changed_in_its_store_is_not_published(
    s3: S3Server, uri: str, instance: dg.DagsterInstance, target: str, options: dict[str, Any], change: str, says: str
) -> None:
    resource = registry(target, options)
    assert materialize(instance, resource, cells_in(s3, uri)).success
    if change == "overwritten":
        put(s3, uri, rows=4)
    else:
        s3.client.delete_object(Bucket=BUCKET, Key=uri.partition(f"{BUCKET}/")[2])
    refusal = failure(publish(instance, resource, asset="cells", message="late"))
    assert says in refusal


@pytest.mark.parametrize("answer", [403, 503])
def test_a_store_that_gives_no_answer_holds_no_publish_up(
    s3: S3Server,
    uri: str,
    instance: dg.DagsterInstance,
    target: str,
    options: dict[str, Any],
    answer: int,
) -> None:
    for name in ("cells_a", "cells_b"):
        asset = cells_in(s3, uri.replace("cells", name)).with_attributes(
            asset_key_replacements={dg.AssetKey("cells"): dg.AssetKey(name)}
        )
        assert materialize(instance, registry(target, options), asset).success
    with serving(Failing, status=answer) as closed:
        both = [{"asset": "cells_a"}, {"asset": "cells_b"}]
        resource = registry(target, {**options, "endpoint_url": closed.url})
        run = publish(instance, resource, targets=both, message="both")
        requested = {request for request in closed.requests if "cells_a" in request or "cells_b" in request}
    assert run.success
    warned = [entry.message for entry in instance.all_logs(run.run_id) if entry.level == 30]
    unknown = "Could not check here whether the table is still as materialized"
    assert len([message for message in warned if unknown in message]) == 2
    assert requested


def test_an_io_managers_table_is_pinned_with_options(
    s3: S3Server, uri: str, instance: dg.DagsterInstance, target: str, options: dict[str, Any]
) -> None:
    class Uploads(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: object) -> None:
            context.add_output_metadata({"dagster/uri": put(s3, uri)})

        def load_input(self, context: dg.InputContext) -> None: ...

    @rd.feature_table(**cells_declared())
    @dg.asset
    def cells() -> int:
        return 3

    manager = rd.pinning(Uploads(), storage_options=options)
    assert dg.materialize([cells], instance=instance, resources={"io_manager": manager}).success
    assert publish(instance, registry(target, options), asset="cells", message="first").success


def test_a_variable_that_is_not_set_is_named(
    s3: S3Server,
    uri: str,
    instance: dg.DagsterInstance,
    target: str,
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LAB_SECRET")
    run = materialize(instance, registry(target, options), cells_in(s3, uri), raise_on_error=False)
    assert "secret is read from the environment variable LAB_SECRET, which is not set" in failure(run)


@pytest.mark.parametrize(
    "written",
    [
        {"key": "s3cr3t"},
        {"secret": "s3cr3t"},
        {"token": "s3cr3t"},
        {"account_key": "s3cr3t"},
        {"sas_token": "s3cr3t"},
        {"client_secret": "s3cr3t"},
        {"connection_string": "AccountName=a;AccountKey=s3cr3t"},
        {"s3.secret-access-key": "s3cr3t"},
        {"token": {"type": "service_account", "private_key": "s3cr3t"}},
        {"client_kwargs": {"aws_secret_access_key": "s3cr3t"}},
        {"headers": {"Authorization": "Bearer s3cr3t"}},
        {"auth": ["user", "s3cr3t"]},
        {"auth": ("user", "s3cr3t")},
        {"headers": {"apikey": "s3cr3t"}},
        {"uri": "postgresql://user:s3cr3t@host/catalog"},
        {"uri": "postgresql://host/catalog?user=u&password=s3cr3t"},
        {"uri": "https://s3cr3t@rest.lab.org"},
        {"extra": "DefaultEndpointsProtocol=https;AccountKey=s3cr3t"},
        *({name: "s3cr3t"} for name in ("passwd", "pwd", "pass", "passphrase", "bearer", "sig", "signature", "jwt")),
        *({name: "s3cr3t"} for name in ("secretkey", "accesskey", "sessiontoken", "basic", "AWS_SECRET_ACCESS_KEY")),
        *({name: "s3cr3t"} for name in ("access_key_id", "secretAccessKey", "token_value", "connectionString")),
        {"secret": b"s3cr3t"},
        {"secret": 12345678},
        {"secret": "s3cr3t.json"},
        {"uri": "postgresql://:s3cr3t@host/catalog"},
        {"headers": [("Authorization", "s3cr3t")]},
        {"headers": [["X-Api-Key", b"s3cr3t"]]},
        {"headers": {"Proxy-Authorization": "Basic s3cr3t", "Accept": "*/*"}},
        {"header": "Authorization: Bearer s3cr3t"},
        {"config_kwargs": {"proxies": {"https": "http://u:s3cr3t@proxy:1"}}},
    ],
)
def test_a_secret_written_into_the_definitions_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(TableError, match=r'is written in the definition, .*Use dg.EnvVar\("NAME"\)') as refused:
        rd.FeatureRegistry(storage_options=written)
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize(
    "plain",
    [
        {"anon": True, "endpoint_url": "https://s3.lab.org:9000", "client_kwargs": {"region_name": "eu-central-1"}},
        {"token": "cloud"},
        {"token_counts": "5", "key_prefix": "x", "cookie_policy": "lax", "auth_type": "none", "keyspace": "x"},
        {"primary_key": "id", "primary_key_column": "id", "sse_kms_key_id": "k", "monkey": "x", "username": "ada"},
        {"headers": [("Accept", "*/*")], "use_token": True, "uri": "sqlite:///x.db"},
        {"token": "/secrets/key.json"},
        {"account_name": "lab", "tenant_id": "t", "client_id": "c"},
        {"profile": "lab", "timeout": 30, "requester_pays": True},
        {"auth": {"env": "AUTH"}, "uri": "postgresql://host/catalog"},
        {"auth": ["ada", {"env": "AUTH"}], "uri": "postgresql://ada@host/catalog?sslmode=require"},
    ],
)
def test_what_is_no_secret_may_be_written(plain: dict[str, Any]) -> None:
    assert rd.FeatureRegistry(storage_options=plain).storage_options == plain


@pytest.mark.parametrize(
    "written",
    [
        {"token": "s3cr3t"},
        {"target": "https://user:s3cr3t@datahub.lab.org"},
        {"target": "https://datahub.lab.org/?token=s3cr3t"},
        {"datahub": "https://user:s3cr3t@datahub.lab.org"},
        {"datahub": "https://s3cr3t@datahub.lab.org"},
    ],
)
def test_a_token_or_password_written_into_the_resource_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(rd.RegistryError, match="Dagster stores and shows definitions") as refused:
        rd.FeatureRegistry(**written)
    assert "s3cr3t" not in str(refused.value)


def test_a_token_that_was_looked_up_too_early_never_gets_into_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    resource = rd.FeatureRegistry(token=TOKEN)
    with pytest.raises(rd.RegistryError, match="token is written in the definition") as refused:
        dg.Definitions(resources={"registry": resource}).get_repository_def()
    assert TOKEN not in str(refused.value)


def test_a_token_of_the_environment_reaches_a_run(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_TOKEN", TOKEN)
    monkeypatch.setenv("LAB_TARGET", "https://user:pw@datahub.lab.org")
    seen: list[str | None] = []

    @dg.asset
    def asset(registry: rd.FeatureRegistry) -> None:
        seen.extend([registry.token, registry.target])

    resource = rd.FeatureRegistry(token=dg.EnvVar("LAB_TOKEN"), target=dg.EnvVar("LAB_TARGET"))
    assert dg.materialize([asset], instance=instance, resources={"registry": resource}).success
    assert seen == [TOKEN, "https://user:pw@datahub.lab.org"]


def test_environment_variables_inside_of_options_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_SECRET", "s3cr3t")
    given = {"auth": ("ada", dg.EnvVar("LAB_SECRET")), "headers": {"apikey": {"env": "LAB_SECRET"}}}
    assert resolve_options(given) == {"auth": ["ada", "s3cr3t"], "headers": {"apikey": "s3cr3t"}}


def test_a_resource_does_not_show_its_options() -> None:
    resource = rd.FeatureRegistry(storage_options={"endpoint_url": "http://127.0.0.1:1"})
    assert "storage_options" not in repr(resource)
    assert "127.0.0.1" not in str(resource)
    wrong: Any = "key=s3cr3t"
    with pytest.raises(TableError, match="must be a mapping from option names to values") as refused:
        rd.FeatureRegistry(storage_options=wrong)
    assert "s3cr3t" not in str(refused.value)


def kept_below(folder: Path) -> Iterator[bytes]:
    """The bytes of every file below a folder, and every value in its databases, unpacked where it is compressed."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield (content := path.read_bytes())
            if content.startswith(b"SQLite format 3"):
                yield from _values(path)


def _values(database: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(database)
    # Virtual tables keep nothing themselves.
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    for (table,) in connection.execute(tables).fetchall():
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            for value in row:
                yield value if isinstance(value, bytes) else str(value).encode()
                if isinstance(value, bytes) and value.startswith(b"\x78"):
                    yield zlib.decompress(value)
    connection.close()


@pytest.mark.on_disk
def test_no_secret_is_kept_or_shown_anywhere(
    s3: S3Server,
    uri: str,
    tmp_path: Path,
    instance: dg.DagsterInstance,
    target: str,
    options: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("INFO")
    given = {"key": KEY_ID, "secret": SECRET, "token": TOKEN, "endpoint_url": s3.url, "timeout": 20}
    shown: list[object] = [rd.inspect_table(put(s3, uri), storage_options=given)]
    resource = registry(target, options)
    defs = rd.definitions(dg.Definitions(assets=[cells_in(s3, uri)]), registry=resource)
    shown += [resource, defs]

    assert defs.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance).success
    config = {"ops": {"publish": {"config": {"asset": "cells", "message": "first"}}}}
    assert (
        defs.resolve_job_def("publish_feature_table").execute_in_process(instance=instance, run_config=config).success
    )
    with rd.Registry.open(target) as opened:
        version = opened.get("minnie65.cells@v1")
        plan = opened.plan(rd.FeatureTable(**cells_declared()), version.table)
        shown += [version, plan, plan.to_markdown(), version.to_json()]

    for status, kind in ((403, TableAccessDenied), (503, TableUnreachable)):
        with serving(Failing, status=status) as failing, pytest.raises(kind) as refused:
            rd.inspect_table(uri, storage_options={**given, "endpoint_url": failing.url})
        shown.append(refused.getrepr(showlocals=False))
    with serving(Failing, status=403) as failing:
        closed = registry(target, {**options, "endpoint_url": failing.url})
        failed = materialize(instance, closed, cells_in(s3, uri), raise_on_error=False)
        shown += [failure(failed), *instance.all_logs(failed.run_id)]

    printed = capfd.readouterr()
    everything = "".join([repr(each) + str(each) for each in shown] + [caplog.text, printed.out, printed.err])
    kept = b"\0".join(kept_below(tmp_path))
    assert b"minnie65.cells" in kept
    assert b"LAB_SECRET" in kept, "job snapshots are unpacked and looked into"
    for secret in (SECRET, TOKEN, KEY_ID):
        assert secret not in everything
        assert secret.encode() not in kept
