"""A location where nothing is, written for a shell or for Windows: the message says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_dagster.errors import TableNotFound
from registry_dagster.tables import inspect_table


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("~/cells.parquet", "; only a shell replaces ~, so write the path in full."),
        (r"C:\data\cells.parquet", "; it is a path of Windows, so write it as this machine sees that folder."),
        (r"\\server\share\cells", "; it is a path of Windows, so write it as this machine sees that folder."),
        ("tables/*.parquet", "; a pattern is not a table, so name its folder, or one file."),
        ("cells.parquet", "Check the location."),
    ],
)
def test_a_path_that_nobody_can_have_meant(
    location: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TableNotFound) as refused:
        inspect_table(location)
    assert str(refused.value).endswith(said)
