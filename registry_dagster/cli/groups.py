"""The commands as help shows them: in groups, with examples; and what to type for what people know from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["ELSEWHERE", "EXAMPLES", "GROUPS", "group_of"]

GROUPS: Mapping[str, Sequence[str]] = {
    "Find and read": (
        *("list", "find", "show", "versions", "column", "newest", "lineage", "dependents", "expiring"),
        "materializations",
    ),
    "Compare": ("join", "compatibility", "comparable", "diff"),
    "Publish": ("inspect", "init", "adopt", "schema", "validate", "review", "plan", "publish", "push"),
    "After publishing": (
        "verify",
        "retire",
        "undo",
        "label",
        "layout",
        "promote",
        "license",
        "citation",
        "doi",
        "describe",
        "relocate",
        "also-at",
    ),
    "Share": ("cite", "lock", "statement", "site", "serve", "export", "import", "mirror", "mcp"),
    "Set-up": ("config", "doctor", "backup"),
}
"""Heading → the commands below it, in order."""

EXAMPLES: Mapping[str, Sequence[str]] = {
    "list": ("list", "list nuclei", "list --quiet"),
    "find": (
        "find -M minnie65_public@1300 --semantic embedding",
        "find nucleus --columns version,location",
        "find --not-retired --json",
    ),
    "show": ("show minnie65.nuclei", "show minnie65.nuclei@v1 --read polars", "show minnie65.nuclei --history"),
    "versions": ("versions minnie65.nuclei",),
    "column": ("column minnie65.synapse_embeddings embedding",),
    "newest": ("newest minnie65.nuclei --compatible-with minnie65_public@943",),
    "lineage": ("lineage minnie65.nuclei@v1",),
    "dependents": ("dependents nucleus_detection_v0",),
    "expiring": ("expiring --within 90",),
    "join": ("join minnie65.synapse_embeddings minnie65.nuclei",),
    "compatibility": ("compatibility minnie65.nuclei minnie65_public@943",),
    "comparable": ("comparable minnie65.synapse_embeddings@v1 minnie65.synapse_embeddings@v2",),
    "diff": ("diff minnie65.nuclei@v1 minnie65.nuclei@v2", "diff minnie65.nuclei@v2"),
    "inspect": ("inspect nuclei.parquet",),
    "adopt": (
        "adopt s3://lake --source cave --drafts drafts/",
        "adopt cave minnie65_public --version 1300",
        "adopt cave-catalog requests.json",
    ),
    "validate": ("validate nuclei.yaml",),
    "review": ("review nuclei.yaml --by ada@lab.org", "review drafts/"),
    "plan": ("plan nuclei.yaml --table nuclei.parquet",),
    "publish": ('publish nuclei.yaml --table nuclei.parquet -m "First release"', 'publish drafts/ -m "First release"'),
    "push": ("push handoff --dry-run",),
    "verify": ("verify minnie65.nuclei@v1", "verify --all --json"),
    "retire": ('retire minnie65.nuclei@v1 -m "wrong units" --replacement minnie65.nuclei@v2',),
    "undo": ('undo minnie65.nuclei@v1 -m "the units were right"',),
    "label": ('label minnie65.nuclei@v1 size-paper -m "cited in the paper"',),
    "layout": ('layout minnie65.nuclei@v1 pre_pt_root_id -m "as exported"',),
    "promote": ('promote minnie65.nuclei@v2 -m "reviewed"',),
    "license": ('license minnie65.nuclei CC-BY-4.0 -m "as in the paper"',),
    "citation": ('citation minnie65.nuclei "Ada et al. (2026), Nuclei of a cortical volume" -m "in print"',),
    "doi": ('doi minnie65.nuclei@v1 10.5281/zenodo.1234567 -m "minted by the library"',),
    "describe": ("describe minnie65.nuclei", 'describe minnie65.nuclei --title "All nuclei" -m "clearer"'),
    "cite": ("cite minnie65.nuclei@v1", "cite minnie65.nuclei@v1 --as bibtex"),
    "lock": ("lock minnie65.nuclei@v1 minnie65.synapse_embeddings", "lock --check paper.lock.yaml"),
    "statement": ("statement paper.lock.yaml", "statement paper.lock.yaml --as bibtex"),
    "export": ("export minnie65.nuclei@v1", "export minnie65.nuclei@v1 --as ro-crate"),
    "import": ("import croissant.json",),
    "mirror": ("mirror public/registry", "mirror s3://lab-public/registry --json"),
    "mcp": ("mcp --registry lite:///lab/registry.db",),
    "site": ("site catalogue/", "site catalogue/ --as-of 2026-12-01 --answers 2000"),
    "serve": ("serve", "serve catalogue/ --port 8080"),
    "relocate": ('relocate minnie65.nuclei@v1 /new/nuclei.parquet -m "bucket migration"',),
    "also-at": ('also-at minnie65.nuclei@v1 /copy/nuclei.parquet -m "a copy for the second cloud"',),
    "config": ("config",),
    "doctor": ("doctor", "doctor --deep"),
    "backup": ("backup copy.db",),
}
"""Command → how people use it."""

ELSEWHERE: Mapping[str, str] = {
    "add": "`publish` publishes a table",
    "commit": "`publish` publishes a table",
    "create": "`publish` publishes a table",
    "register": "`publish` publishes a table",
    "delete": "nothing published is deleted; `retire` marks a version that should no longer be used",
    "remove": "nothing published is deleted; `retire` marks a version that should no longer be used",
    "rm": "nothing published is deleted; `retire` marks a version that should no longer be used",
    "get": "`show NAME` shows a version, `show NAME --read polars` prints code that reads its table",
    "info": "`show NAME` shows a version, `inspect TABLE` a table that is not published",
    "history": "`versions NAME` lists the versions, `show NAME --history` what people did to them",
    "log": "`versions NAME` lists the versions, `show NAME --history` what people did to them",
    "mv": "`relocate` records that a table was moved",
    "ls": "`list` lists the datasets",
    "search": "`find WORDS` finds versions, `list WORDS` datasets",
    "status": "`config` shows what holds here, `doctor` the registry, `verify --all` what is still as it was published",
    "tag": "`label` gives a version an alias, `describe --tag` a dataset a tag",
    "sql": "`show NAME --read duckdb` prints code that queries the table",
}
"""A word that people know from git, dvc or DataHub → what to type here."""


def group_of(command: str) -> str | None:
    """The heading of a command; None for one that is hidden."""
    return next((heading for heading, names in GROUPS.items() if command in names), None)
