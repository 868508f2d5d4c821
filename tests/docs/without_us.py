"""Run by the interpreter itself: the page's program, where this package cannot be imported.

Afterwards prints, for each version that is named, the record that the page's program rebuilds and whether its digest
holds.
"""

from __future__ import annotations

import json
import sys

sys.modules["registry_dagster"] = None  # type: ignore[assignment]  # every import of it fails

program, *named = sys.argv[1:]
namespace = {"__name__": "page"}
with open(program, encoding="utf-8") as file:
    exec(compile(file.read(), program, "exec", dont_inherit=True), namespace)
sys.stdout.write(json.dumps([[namespace["record"](name), namespace["is_as_published"](name)] for name in named]))
