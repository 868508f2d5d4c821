"""Write the golden files that are missing: `python -m tests.golden.write`.

A file is never written again. When a release writes aspects in another way that no record is rebuilt from, it gets a
folder of its own beside the old ones, which still must read; when it writes the record in another way, the record
gets another format number, too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from registry_dagster.datahub.version import version_proposals
from registry_dagster.model.dataset_version import DatasetVersion
from tests.golden.records import DATASET, records

OLD_FOLDERS = (Path(__file__).parent / "format_1",)
"""Of releases that wrote browse paths, owners' types and other aspects beside the record in another way."""

FOLDER = Path(__file__).parent / "format_1_browse_paths"


def golden(record: DatasetVersion) -> dict[str, Any]:
    """What a golden file holds."""
    aspects: dict[str, dict[str, Any]] = {}
    for proposal in version_proposals(record, DATASET.model_copy(update={"name": record.dataset}), "PROD"):
        aspects.setdefault(proposal.urn, {})[proposal.aspect] = dict(proposal.value)
    return {
        "record": record.to_json(),
        "digest": record.digest,
        "content_digest": record.content_digest,
        "aspects": aspects,
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, record in records().items():
        try:
            with (FOLDER / f"{name}.json").open("x", encoding="utf-8") as file:
                json.dump(golden(record), file, indent=1, sort_keys=True, ensure_ascii=False)
                file.write("\n")
        except FileExistsError:
            sys.stderr.write(f"{name}: exists, left as it is\n")


if __name__ == "__main__":
    main()
