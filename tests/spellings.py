"""Declarations in which YAML 1.1 reads something else than was typed, and what they say."""

from __future__ import annotations

import registry_dagster as rd

__all__ = ["SPELLINGS", "spelled"]

_DECLARATION = """\
dataset: {{name: lab.cells, title: {text}}}
materializations: [{{system: banc, version: {version}, source: cave}}]
columns:
  {column}: {{semantic: root_id, id_space: {text}, null_sentinel: {number}}}
  ids: &ids {{semantic: label, version: {version}, values: [{text}]}}
  more: {{<<: *ids, ontology: {text}}}
references:
  - {{columns: [{column}], to_table: {text}, annotation_type: nucleus, cardinality: {cardinality}, stability: unknown}}
signals:
  - {{signal: note, basis: declared, text: {text}}}
"""

SPELLINGS: dict[str, dict[str, str]] = {
    "plain": {},
    "leading zero": {"version": "0626", "text": "010"},
    "hexadecimal": {"version": "0x1F", "text": "0x1F", "column": "0x10"},
    "binary": {"version": "0b11", "text": "0b11", "column": "0b1"},
    "underscores": {"version": "1_300", "text": "1_300", "column": "1_0"},
    "base sixty": {"text": "12:30", "column": "1:1"},
    "point": {"version": "1.20", "text": "1.50", "column": "1"},
    "moment": {"version": "2025-01-13", "text": "2025-02-30", "column": "2025-01-13"},
    "yes and no": {"version": "no", "text": "Yes", "column": "on"},
    "off": {"version": "Off", "text": "TRUE", "column": "off"},
    "null": {"column": "null"},
    "thousands of digits": {"text": "9" * 199},
    "one to one": {"cardinality": "1:1"},
    "number in hexadecimal": {"number": "0x10"},
}
"""What was typed in each place, by what is odd about it."""


def spelled(name: str) -> tuple[str, rd.FeatureTable]:
    """The YAML of a declaration, and what it says."""
    typed = {"version": "630", "text": "word", "column": "id", "cardinality": "n:1", "number": "7", **SPELLINGS[name]}
    text, column = typed["text"], typed["column"].replace(".", r"\.")
    label = rd.Label(version=typed["version"], values=[text])
    said = {
        "dataset": {"name": "lab.cells", "title": text},
        "materializations": [{"system": "banc", "version": typed["version"], "source": "cave"}],
        "columns": {
            column: rd.RootId(id_space=text, null_sentinel=int(typed["number"], 0)),
            "ids": label,
            "more": rd.Label(version=typed["version"], values=[text], ontology=text),
        },
        "references": [
            {
                "columns": [column],
                "to_table": text,
                "annotation_type": "nucleus",
                "cardinality": typed["cardinality"],
                "stability": "unknown",
            }
        ],
        "signals": [{"signal": "note", "basis": "declared", "text": text}],
    }
    return _DECLARATION.format(**typed), rd.FeatureTable(**said)
