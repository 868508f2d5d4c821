"""The YAML reference, made from the models: `python -m docs_build.yaml_reference` writes docs/yaml.md again."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from registry_dagster.adopt.declaration_file import DeclarationFile, TableSource, TableVersion, read_file
from registry_dagster.model.base import Model
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.layout import Layout
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import SIGNALS
from registry_dagster.model.vocabulary import ANNOTATION_TYPES

__all__ = ["EXAMPLES", "PAGE", "page", "whole"]

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "yaml.md"
EXAMPLES: Mapping[str, Mapping[str, str]] = yaml.safe_load((HERE / "yaml_examples.yaml").read_text(encoding="utf-8"))
"""Part of a declaration → word → an example of it, as text."""

_PARTS: Mapping[str, type[Model]] = {
    "dataset": Dataset,
    "materializations": MaterializationVersion,
    "layout": Layout,
    "table": TableSource,
    "versions": TableVersion,
    "references": Reference,
}
"""Key of a file → what one value of it is."""

_REST = {"dataset": "dataset: {name: lab.cells}", "materializations": "materializations: [cave/minnie65_public@1300]"}
"""What every file must have, for examples that leave it out."""

_LINKED = {
    **{name: f"[{name}](#{name})" for name in ("dataset", "materializations", "layout", "table", "versions")},
    "columns": "[columns](#columns)",
    "references": "[references](#references)",
    "signals": "[signals](#signals)",
}
_LAST = {"copy_of": 1, "description": 2}
"""What every column may say, in its order after what its semantic says."""
_ANNOTATION_TYPES = {"annotation_type", "anchor", "counted"}
_WORDS = {kind.__name__: word for kinds in (SEMANTICS, SIGNALS) for word, kind in kinds.items()}
_PLAIN = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def whole(example: str) -> str:
    """An example with what a declaration cannot be without."""
    given = yaml.safe_load(example)
    return "\n".join([*(line for key, line in _REST.items() if key not in given), example])


def page() -> str:
    """The page, as Markdown."""
    parts = [EXAMPLES["page"]["start"], "## The file\n", _table(DeclarationFile, linked=True), EXAMPLES["page"]["file"]]
    for key, kind in _PARTS.items():
        if key != "references":
            parts += [f"### {key}\n", *_described(key, kind, EXAMPLES["file"])]
    parts += ["## columns\n", EXAMPLES["page"]["columns"]]
    for word, kind in SEMANTICS.items():
        parts += [f"### {word}\n", *_described(word, kind, EXAMPLES["columns"])]
    parts += ["## references\n", *_described("references", Reference, EXAMPLES["file"])]
    parts += ["## signals\n", EXAMPLES["page"]["signals"]]
    for word, kind in SIGNALS.items():
        parts += [f"### {word}\n", *_described(word, kind, EXAMPLES["signals"])]
    parts += ["## Annotation types\n", EXAMPLES["page"]["annotation types"], _annotation_types()]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _described(word: str, kind: type[Model], examples: Mapping[str, str]) -> Iterator[str]:
    yield _worded(_summary(kind))
    if word in SEMANTICS:
        (declared, *_) = read_file(whole(examples[word])).tables
        types = dict.fromkeys(column.expected_type for column in declared.declared.columns.values())
        yield f"Arrow type: {'; or '.join(types)}."
    yield _table(kind)
    yield f"```yaml\n{examples[word].strip()}\n```"


def _table(kind: type[Model], linked: bool = False) -> str:
    schema, meanings = kind.model_json_schema(), _meanings(kind)
    required, fields = schema.get("required", []), schema["properties"]
    names = [name for name in fields if "const" not in fields[name]]
    names.sort(key=lambda name: (name not in required, _LAST.get(name, 0)))
    rows = ["| key | is | default | meaning |", "| --- | --- | --- | --- |"]
    for name in names:
        title = _LINKED.get(name, f"`{name}`") if linked else f"`{name}`"
        default = "required" if name in required else _default(fields[name].get("default"))
        rows.append(f"| {title} | {_is(name, fields[name], schema)} | {default} | {_worded(meanings[name])} |")
    return "\n".join(rows)


def _is(name: str, field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a value of a field is, in words."""
    if name in _ANNOTATION_TYPES:
        return "[annotation type](#annotation-types)"
    return _kind(field, schema.get("$defs", {}))


def _kind(field: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_kind(each, defs) for each in field["anyOf"] if each.get("type") != "null")
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if isinstance(field.get("type"), list):
        return "mapping, or text"
    if field.get("type") == "array":
        first, *others = field.get("prefixItems", [field.get("items")])
        return f"list of {len(others) + 1} numbers{_bounds(first)}" if others else f"list: {_kind(first, defs)}"
    if field.get("type") == "object":
        return f"mapping of names: {_kind(field['additionalProperties'], defs)}"
    if field.get("format") == "date-time":
        return "moment with a time zone"
    return _PLAIN[field["type"]] + _bounds(field) if "type" in field else "mapping"


def _bounds(field: Mapping[str, Any]) -> str:
    """From where to where a number goes; bounds that only guard against nonsense are left out."""
    low, above, high = (field.get(name) for name in ("minimum", "exclusiveMinimum", "maximum"))
    if low is not None and high is not None:
        return f", {low:,} to {high:,}"
    if above is not None:
        return f", above {above:,}"
    return f", at least {low:,}" if low is not None else ""


def _default(value: object) -> str:
    return "" if value in (None, [], {}) else f"`{json.dumps(value)}`".replace('"', "")


def _summary(kind: type[Model]) -> str:
    return textwrap.dedent(" " * 4 + (kind.__doc__ or "")).partition("\n\nArgs:")[0].strip()


def _meanings(kind: type[Model]) -> dict[str, str]:
    """Field → what its docstring says, that of the class itself before those of its bases."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, Model):
            found.update(_arguments(each))
    return found


def _arguments(kind: type[Model]) -> Iterator[tuple[str, str]]:
    _, _, listed = (vars(kind).get("__doc__") or "").partition("Args:\n")
    for names, meaning in re.findall(r"^ {8}(\w[\w, ]*): (.*(?:\n {9,}.*)*)", listed, flags=re.MULTILINE):
        if not meaning.startswith("See `"):
            yield from ((name, " ".join(meaning.split())) for name in names.split(", "))


def _worded(text: str) -> str:
    """A docstring in the words of YAML: `Position` is `position` there."""
    text = re.sub(r"`(\w+)`", lambda found: f"`{_WORDS.get(found[1], found[1])}`", text)
    return re.sub(r"\bNone\b", "`null`", text).replace("|", "\\|")


def _annotation_types() -> str:
    rows = (f"| `{kind}` | {', '.join(f'`{name}`' for name in names)} |" for kind, names in ANNOTATION_TYPES.items())
    return "\n".join(["| annotation type | CAVE's names for it |", "| --- | --- |", *rows])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
