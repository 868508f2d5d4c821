"""The tables of the embedded store's file: DataHub Lite's own, and ours beside them, which it leaves alone.

Row 0 of an aspect is the current one, and each earlier one is kept as row N, where N is how often the aspect was
written by then. DataHub Lite's own writer adds a row N for the current one, too. Here a trigger adds it when the aspect
is replaced, by whatever program: so nothing is stored twice, and no earlier text is lost.
"""

from __future__ import annotations

import sqlite3

__all__ = ["LITE_TABLES", "UP_TO", "WRITTEN", "is_prepared", "prepare"]

LITE_TABLES = frozenset({"metadata_aspect_v2", "metadata_edge_v2"})

UP_TO = "registry_indexed_6"
"""The row up to which all is indexed. Its number is raised when entries say other things: all is then indexed again."""

_DERIVED = (
    *("registry_indexed", "registry_indexed_2", "registry_indexed_3", "registry_indexed_4", "registry_indexed_5"),
    *("registry_entry", "registry_posting", "registry_term", "registry_words"),
    *("registry_found", "registry_tokens", "registry_word", "registry_changed"),
)
"""The tables of the index, in this release and in earlier ones: they can be made again from the aspects."""

WRITTEN = """CAST(coalesce(
    CASE WHEN json_valid({row}system_metadata) THEN json_extract({row}system_metadata, '$.properties.sysVersion') END,
    (SELECT nullif(max(version), 0) FROM metadata_aspect_v2 AS earlier
     WHERE earlier.urn = {row}urn AND earlier.aspect_name = {row}aspect_name), 1) AS INTEGER)"""
"""How often the aspect in a row 0 was written."""

_STATEMENTS = (
    """CREATE TABLE IF NOT EXISTS metadata_aspect_v2 (
        urn TEXT, aspect_name TEXT, version INTEGER, metadata TEXT, system_metadata TEXT, createdon INTEGER)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS aspect_idx ON metadata_aspect_v2 (urn, aspect_name, version)",
    "CREATE TABLE IF NOT EXISTS metadata_edge_v2 (src_id TEXT, relnship TEXT, dst_id TEXT, dst_label TEXT)",
    "CREATE UNIQUE INDEX IF NOT EXISTS edge_idx ON metadata_edge_v2 (src_id, relnship, dst_id)",
    # For `datahub lite ls`, which looks up each name of a path.
    "DROP INDEX IF EXISTS edge_target_idx",
    "CREATE INDEX IF NOT EXISTS edge_name_idx ON metadata_edge_v2 (dst_id) WHERE relnship = 'name'",
    # What is found: `facts` is what it is found by, compressed, `shown` what lists show of it.
    """CREATE TABLE IF NOT EXISTS registry_found (
        id INTEGER PRIMARY KEY, urn TEXT NOT NULL UNIQUE, shown TEXT, facts BLOB NOT NULL)""",
    # Blanks alone separate tokens: what is a letter depends on the release of Unicode, and SQLite's is older.
    # Many words begin with the same one or two letters: what has one of them is kept, since merging takes long.
    """CREATE VIRTUAL TABLE IF NOT EXISTS registry_tokens USING fts5 (
        tokens, content = '', detail = none, columnsize = 0, prefix = '1 2',
        tokenize = "unicode61 categories 'L* N* M* C*' tokenchars '='")""",
    # Every word in it: what begins with a few letters is looked up here, and need not be merged.
    "CREATE TABLE IF NOT EXISTS registry_word (word TEXT PRIMARY KEY) WITHOUT ROWID",
    # Entities that were changed in place, in no new row.
    "CREATE TABLE IF NOT EXISTS registry_changed (urn TEXT PRIMARY KEY) WITHOUT ROWID",
    f"""CREATE TRIGGER IF NOT EXISTS registry_kept AFTER UPDATE OF metadata ON metadata_aspect_v2
        WHEN old.version = 0 AND new.metadata IS NOT old.metadata BEGIN
        INSERT INTO metadata_aspect_v2
            SELECT old.urn, old.aspect_name, {WRITTEN.format(row="old.")}, old.metadata, old.system_metadata,
                old.createdon
            WHERE NOT EXISTS (SELECT 1 FROM metadata_aspect_v2 WHERE urn = old.urn AND aspect_name = old.aspect_name
                AND version = {WRITTEN.format(row="old.")});
        INSERT OR IGNORE INTO registry_changed VALUES (old.urn);
        END""",
    """CREATE TRIGGER IF NOT EXISTS registry_deleted AFTER DELETE ON metadata_aspect_v2 WHEN old.version = 0 BEGIN
        INSERT OR IGNORE INTO registry_changed VALUES (old.urn);
        END""",
    # The numbers of rows at the end are given again after those rows were deleted.
    f"""CREATE TRIGGER IF NOT EXISTS registry_ended AFTER DELETE ON metadata_aspect_v2 BEGIN
        UPDATE {UP_TO} SET upto = (SELECT coalesce(max(rowid), 0) FROM metadata_aspect_v2)
            WHERE upto > (SELECT coalesce(max(rowid), 0) FROM metadata_aspect_v2);
        END""",
    # Made last: if it is there, all is.
    f"CREATE TABLE IF NOT EXISTS {UP_TO} (upto INTEGER NOT NULL)",
)


def is_prepared(connection: sqlite3.Connection) -> bool:
    """Whether our tables are there, as this release has them."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (UP_TO,)).fetchone() is not None


def prepare(connection: sqlite3.Connection) -> None:
    """Add what is not there yet, and an empty index in place of an earlier release's. Inside a transaction."""
    removals = [f"DROP TRIGGER IF EXISTS {name}" for name in ("registry_kept", "registry_deleted", "registry_ended")]
    removals += [f"DROP TABLE IF EXISTS {name}" for name in _DERIVED]
    for statement in (*removals, *_STATEMENTS):
        connection.execute(statement)
