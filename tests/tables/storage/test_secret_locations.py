"""A location with a credential in it is refused and never repeated; one that only looks like it is taken."""

from __future__ import annotations

import string
import time
import traceback
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry_dagster.errors import InvalidDeclaration, RegistryError, TableError, UnsafeLocation
from registry_dagster.model.secrets import credential_in, secret_in
from registry_dagster.model.table import ParquetPin, TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.storage.locations import normalise, plain_text

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
# Alphabets of real ones. The letters before are what a test looks for; a port has none.
SECRETS = st.text(string.ascii_letters + string.digits + "+/=_-.~", min_size=12, max_size=40).map("Zs3cr3t".__add__)

LEAKS = [
    f"s3://{KEY_ID}:{{secret}}@bucket/t",
    "s3://minio:{secret}@bucket:9000/t/part@1",
    "s3://{quoted}@bucket/t",
    "s3://:{secret}@bucket/t",
    "S3://user%3A{quoted}@bucket/t",
    "https://user:{secret}@host/t.parquet",
    "abfss://container:{secret}@account.dfs.core.windows.net/t",
    "abfss://{quoted}@account.dfs.core.windows.net/t",
    f"https://b.s3.amazonaws.com/t?X-Amz-Credential={KEY_ID}&X-Amz-Signature={{quoted}}",
    f"https://b.s3.amazonaws.com/t?AWSAccessKeyId={KEY_ID}&Signature={{quoted}}&Expires=1",
    "https://storage.googleapis.com/b/t?X-Goog-Algorithm=GOOG4&X-Goog-Signature={quoted}",
    "https://storage.googleapis.com/b/t?GoogleAccessId=me&Expires=1&Signature={quoted}",
    "https://account.blob.core.windows.net/c/t?sv=2024-11-04&se=2030-01-01&sp=r&sig={quoted}",
    "az://container/t?sv=2024-11-04&sig={quoted}",
    "https://d111.cloudfront.net/t?Policy={quoted}&Signature=x&Key-Pair-Id=K2",
    "https://host/t?token={quoted}",
    "https://func.azurewebsites.net/api/t?code={quoted}",
    "https://host/t#access_token={quoted}",
    "s3://bucket/t#{quoted}",
    "file:///data/t?password={quoted}",
    "https://host/t;sig={quoted}",
    "https://host/t%3Fsig%3D{quoted}",
    "https://host/t%253FX-Amz-Signature%253D{quoted}",
    "https://host/token=1{quoted}/t",
    "zip://a.zip::s3://user:{secret}@bucket/t",
    "simplecache::https://host/t?sig={quoted}",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={secret};EndpointSuffix=core.windows.net",
    "Endpoint=sb://a.net/;SharedAccessKeyName=Root;SharedAccessKey={secret}",
    "s3:/user:{secret}@bucket/t",
    "s3//user:{secret}@bucket/t",
    "//user:{secret}@bucket/t",
    "/data/t.parquet?X-Amz-Expires=9&X-Amz-Signature={quoted}",
    "/data/https:/user:{secret}@host/t",
    "s3://user:{secret}\n@bucket/t",
    "s3://user\u2100:{secret}@bucket/t",
    "s3://[user:{secret}@bucket/t",
]


def told(raised: pytest.ExceptionInfo[RegistryError]) -> str:
    """All that is shown of an error, and of every error behind it."""
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    error: BaseException | None = raised.value
    while error is not None:
        shown, error = shown + str(error), error.__context__
    return shown


@given(form=st.sampled_from(LEAKS), secret=SECRETS)
@example(form=LEAKS[0], secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
def test_a_credential_is_never_repeated(form: str, secret: str) -> None:
    location = form.format(secret=secret, quoted=quote(secret, safe=""))
    with pytest.raises(TableError) as raised:
        inspect_table(location)
    shown = told(raised)
    assert "s3cr3t" not in shown
    # A random piece may be a word of the message itself: only what the same form does not say anyway was repeated.
    with pytest.raises(TableError) as other:
        inspect_table(form.format(secret="Zs3cr3t0000000", quoted="Zs3cr3t0000000"))
    anyway = told(other)
    assert not [piece for piece in secret.split("/") if len(piece) > 6 and piece in shown and piece not in anyway]
    assert KEY_ID not in shown


_S = "SeCr3tVALUE0123456789abcdefXYZ"
NAMED = [
    *("AWS_SECRET_ACCESS_KEY", "aws_session_token", "api_key", "apikey", "passwd", "pwd", "id_token", "private_token"),
    *("session_token", "refresh_token", "key", "sas", "bearer", "auth", "secret", "credential", "token "),
]
VENDORS = [
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl",
    "glpat-abcdefghij0123456789",
    "xoxb-123456789012-abcdefghijkl",
    "ABIAIOSFODNN7EXAMPLE",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
    "dapi0123456789abcdef0123456789abcdef",
    "-----BEGIN RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("form", ["https://h/{}={}/t", "s3://b/t/{}={}", "/data/{}={}/t", "gs://b/{}%3D{}"])
def test_a_named_secret_in_a_path_is_refused(form: str, name: str) -> None:
    with pytest.raises(UnsafeLocation) as raised:
        inspect_table(form.format(name, _S))
    assert _S not in told(raised)


@pytest.mark.parametrize("token", VENDORS)
@pytest.mark.parametrize("form", ["s3://b/{}/t", "https://h/x-{}", "/data/{}"])
def test_tokens_of_well_known_services_are_known_by_their_form(form: str, token: str) -> None:
    with pytest.raises(UnsafeLocation) as raised:
        inspect_table(form.format(token))
    assert token not in told(raised)


def test_a_secret_in_the_place_of_the_host_is_not_repeated() -> None:
    with pytest.raises(UnsafeLocation) as raised:
        inspect_table(f"http://host:80@{_S}/t")
    assert _S not in told(raised)


@pytest.mark.parametrize(
    "piece",
    [
        *("//a:", "s3://b///a:", "http://x//a:/", "x-amz-a-", "https://a", "eyJaaaaaaaa.", "eyJaaaaaaaa-", "/token=1"),
        *("%25", "::a", "AKIA", "secret_", "/key=aA1", "-----BEGIN ", "ghp_", "https:/a:", "sk-"),
    ],
)
def test_no_form_takes_long_to_look_for(piece: str) -> None:
    start = time.process_time()
    secret_in(piece * (200_000 // len(piece)))
    assert time.process_time() - start < 2


def test_a_location_is_measured_before_it_is_searched() -> None:
    with pytest.raises(TableError, match=r"is 80,008 characters long"):
        inspect_table("s3://b/t" + "//a:" * 20_000)


def test_a_long_message_of_a_library_takes_no_time() -> None:
    start = time.process_time()
    assert len(plain_text(Exception("/a" * 100_000 + ".rs:1"))) <= 300
    assert time.process_time() - start < 1


@given(form=st.sampled_from(LEAKS[:24]), secret=SECRETS)
@example(form="https://host/token=1{quoted}/t", secret="Zs3cr3t0000000/0000")
@example(form="https://host/a/token=1{quoted}/t%26x=1", secret="Zs3cr3t0000000/0000")
def test_no_facts_hold_one_either(form: str, secret: str) -> None:
    location = form.format(secret=secret, quoted=quote(secret, safe=""))
    with pytest.raises(InvalidDeclaration) as raised:
        TableFacts(location=location, pin=ParquetPin(fingerprint="sha256:0"), fields=(), arrow_schema="")
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize(
    "secret",
    [KEY_ID, "ASIAIOSFODNN7EXAMPLE", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"],
)
@pytest.mark.parametrize("form", ["s3://bucket/{}/t", "https://host/t-{}", "/data/{}", "iceberg://lab/{}.t"])
def test_access_key_ids_and_web_tokens_are_known_by_their_form(form: str, secret: str) -> None:
    with pytest.raises(UnsafeLocation) as raised:
        inspect_table(form.format(secret))
    assert secret not in told(raised)
    assert "…" in str(raised.value)


@pytest.mark.parametrize(
    ("location", "clean"),
    [
        ("s3://AKIAKEY:s3cr3t@bucket/t", "s3://bucket/t"),
        ("s3://AKIAKEY:s3/cr3t@bucket/t", "s3://bucket/t"),
        ("s3://AKIAKEY:s3cr3t@bucket/k@y", "s3://bucket/k@y"),
        ("s3://AKIAKEY:s3cr3t/bucket/t", "s3://…"),
        ("https://s3cr3t@host:8443/t", "https://host:8443/t"),
        ("abfss://container:s3cr3t@account/t", "abfss://account/t"),
        ("abfss://container@account/t?sig=s3cr3t", "abfss://container@account/t"),
        ("https://host/t?X-Amz-Signature=s3cr3t&X-Amz-Expires=9", "https://host/t"),
        ("https://host/t%3FX-Amz-Signature=s3cr3t", "https://host/t"),
        ("az://c/t?sv=2024&sig=s3cr3t", "az://c/t"),
        ("https://host/t#token=s3cr3t", "https://host/t"),
        ("file:///data/t?token=s3cr3t", "file:///data/t"),
        ("s3://u:s3cr3t@bucket/t?code=s3cr3t", "s3://bucket/t"),
        (f"s3://u:s3cr3t@bucket/{KEY_ID}", "s3://…"),
    ],
)
def test_the_clean_form_to_use_is_given(location: str, clean: str) -> None:
    with pytest.raises(UnsafeLocation) as raised:
        inspect_table(location)
    assert f"write it as {clean} and give credentials through storage_options" in str(raised.value)
    assert "s3cr3t" not in told(raised)
    assert "AKIAKEY" not in told(raised)


ORDINARY = [
    "s3://bucket:9000/t",
    "s3://bucket:9000/t@x",
    "https://[::1]:9000/t.parquet",
    "abfss://container@account.dfs.core.windows.net/t",
    "abfss://$web@account.dfs.core.windows.net/t",
    "s3://bucket/key/a@b=c",
    "s3://bucket/2024-11-04T10:00@run/t",
    "s3://bucket/a::b/c",
    "s3://bucket/a::b:c@d",
    "s3://bucket/t/code=MB/side=L",
    "s3://bucket/t/token=7",
    "s3://bucket/t/sig=0.05",
    "s3://bucket/signatures/tokens/policy",
    "s3://bucket/x-amz-reviews/t",
    "s3://bucket/AKIA/t",
    "s3://bucket/AKIAIOSFODNN7EXAMPLEANDMORE",
    "s3://bucket/eyJ.a.b",
    "s3://bucket/a%20b;v=1&w=2",
    f"s3://bucket/{'9f86d081884c7d65' * 4}/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "iceberg://catalog/namespace.table",
    "s3://bucket/code=1234567890123456/t",
    "s3://bucket/token=7b3f9c2e4d5a6f70/t",
    "s3://bucket/policy=2024-06-01T12:00/t",
    "s3://bucket/has_password=true/t",
    "s3://bucket/passwords=none/key=value/secret_garden/access_key_features",
    "s3://bucket/key=VISp-L23-neuron/auth=5/t",
    "s3://bucket/hf_models/sk-learn/glpat/t",
]
KEYS = st.text(string.ascii_letters + string.digits + "@:=+,.~_- ()!'*$ü", min_size=1, max_size=30).map(str.strip)


@pytest.mark.parametrize("location", ORDINARY)
def test_what_only_looks_like_one_is_taken(location: str) -> None:
    assert normalise(location) == location
    assert credential_in(location) is None


@given(start=st.sampled_from(["s3://bucket", "gs://b", "abfss://c@a.dfs.core.windows.net"]), keys=st.lists(KEYS))
def test_any_key_of_an_object_store_is_taken(start: str, keys: list[str]) -> None:
    location = "/".join([start, *filter(None, keys)])
    assert normalise(location) == location


@pytest.mark.parametrize("path", ["/data/user:group@host/t", "/data/code=MB", "/data/a?b", "./s3:x/t", "C:/t", "a@b"])
def test_a_path_on_a_disk_may_look_like_one(path: str) -> None:
    assert normalise(path).startswith("file:///")
