"""Rebuild records from what carries them, with Python's standard library alone: python rebuild.py FILE|FOLDER...

Prints each record as the text that its digest is over, one a line. Names what was changed, and then exits with 1.
"""

import hashlib
import json
import sqlite3
import sys
from decimal import Decimal
from pathlib import Path

JSON = ("record_format", "materializations", "references", "signals", "inputs", "column_lineage", "reference_versions")
JSON = (*JSON, "linked_content", "layout", "draft")
TABLE = ("pin", "widths", "partition_columns", "rows", "bytes", "files")
WHO = ("publisher", "message", "published_at", "handed_off_digest", "handed_off_at", "dagster_run_id")
WHO = (*WHO, "dagster_asset", "dagster_partition", "dagster_job", "dagster_op")

OURS = "urn:li:dataset:(urn:li:dataPlatform:feature-registry,"


def canonical(value):
    """The text of a JSON value by RFC 8785: keys in the order of UTF-16, numbers as JavaScript writes them."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str | bool | None):
        return json.dumps(value, ensure_ascii=False)
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        text = format(Decimal(repr(float(value or 0))), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits, exponent = repr(float(value)).split("e")
    return f"{digits}e{int(exponent):+}"


def record_of(properties, schema):
    """The record in DataHub's datasetProperties (its customProperties) and schemaMetadata."""
    fields, (arrow,) = schema["fields"], schema["platformSchema"].values()
    columns = {each["fieldPath"]: json.loads(each["jsonProps"]) for each in fields if each.get("jsonProps")}
    table = {"location": properties["location"], "arrow_schema": arrow["rawSchema"], "fields": []}
    for each in fields:
        nullable = {} if each.get("nullable") else {"nullable": False}
        table["fields"].append({"path": each["fieldPath"], "type": each["nativeDataType"], **nullable})
    return {
        **{name: properties[name] for name in ("dataset", "label") if name in properties},
        **{name: json.loads(properties[name]) for name in JSON if name in properties},
        **({"columns": columns} if columns else {}),
        "number": int(properties["version"]),
        "table": {**table, **{name: json.loads(properties[name]) for name in TABLE if name in properties}},
        "provenance": {
            **{name: properties[name] for name in WHO if name in properties},
            **{name: json.loads(properties[name]) for name in ("code",) if name in properties},
        },
    }


def carried(path):
    """What a file or folder holds that can carry records: entities with their aspects, or one document."""
    if (path / "index.json").is_file():  # A mirror: each file is read, and compared with its checksum, by itself.
        listed = json.loads((path / "index.json").read_bytes())["versions"]
        return [
            {"urn": each["name"], "mirrored": str(path / each["file"]), "sha256": each["sha256"]} for each in listed
        ]
    if path.is_dir():  # A hand-off: lists of proposals, of which later ones replace earlier ones.
        files = [json.loads(file.read_bytes()) for file in sorted(path.glob("[0-9]*.json"))]
        rows = [(each["entityUrn"], each["aspectName"], each["aspect"]["json"]) for file in files for each in file]
    elif path.read_bytes()[:6] == b"SQLite":  # The embedded file; version 0 of an aspect is the current one.
        file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        rows = file.execute("SELECT urn, aspect_name, metadata FROM metadata_aspect_v2 WHERE version = 0")
    else:  # An exported document, a version's file of a mirror, or what DataHub's API or client answered.
        return json.loads(path.read_bytes())
    found = {}
    for urn, name, value in rows:
        if urn.startswith(OURS):
            found.setdefault(urn, {"urn": urn})[name] = value
    return list(found.values())


def objects(value):
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(each)


def versions(value):
    """What holds a record each: an entity of DataHub's, a file of a mirror, or the properties in a document."""
    found = list(objects(value))
    said = {each["propertyID"]: each["value"] for each in found if "propertyID" in each and "value" in each}
    texts = [each["description"] for each in found if each.get("descriptionType") == "TechnicalInfo"]
    said |= {name: text for name, _, text in (each.partition(" ") for each in texts)}
    marks = ({"datasetProperties"}, {"mirrored"}, {"record", "digest"})
    return [each for each in found if any(mark <= each.keys() for mark in marks)] or [said]


def text_and_digest(version):
    """The text of a version's record, and the digest that is stated beside it."""
    if "mirrored" in version:
        content = Path(version["mirrored"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != version["sha256"]:
            raise ValueError("its bytes are not those that index.json lists")
        version = json.loads(content)
    if "record" in version:
        return canonical(version["record"]), version["digest"]
    if "datasetProperties" not in version:
        return version["featureRegistry:record"], version["featureRegistry:digest"]
    aspects = (version[name] for name in ("datasetProperties", "schemaMetadata"))
    aspects = (json.loads(each) if isinstance(each, str) else each.get("value", each) for each in aspects)
    properties, schema = aspects
    properties = properties["customProperties"]
    return canonical(record_of(properties, schema)), properties["digest"]


def digest_of(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def rebuilt(path):
    """The text of each record that a file or folder carries, or what is wrong with it."""
    try:
        found = versions(carried(Path(path)))
    except Exception as error:
        yield None, f"it cannot be read: {error!r}"
        return
    for version in found:
        try:
            text, stated = text_and_digest(version)
            digest = digest_of(text)
            problem = None if digest == stated else f"its digest is {digest}, and {stated} is stated"
        except Exception as error:  # Changed so that nothing can be rebuilt from it.
            problem = f"it cannot be rebuilt: {error!r}"
        yield (text, None) if problem is None else (None, f"{version.get('urn', 'the record')} was changed: {problem}")


if __name__ == "__main__":
    found = [(path, *each) for path in sys.argv[1:] for each in rebuilt(path)]
    for path, text, problem in found:
        print(text or f"{path}: {problem}", file=sys.stdout if text else sys.stderr)
    sys.exit(any(problem for _, _, problem in found))
