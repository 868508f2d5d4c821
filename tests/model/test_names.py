"""Names of datasets and versions, and paths of columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.names import join_path, parse_version, split_path
from registry_dagster.model.table import TableField

NAMES = st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), min_size=1, max_size=4).map(tuple)


@given(NAMES)
def test_a_path_splits_into_the_names_it_was_joined_from(names: tuple[str, ...]) -> None:
    assert split_path(join_path(names)) == names


@given(NAMES, NAMES)
def test_two_columns_never_share_a_path(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    assert (join_path(first) == join_path(second)) == (first == second)


@pytest.mark.parametrize(
    ("names", "path"),
    [(("pt", "position"), "pt.position"), (("a.b",), r"a\.b"), (("a\\", "b"), r"a\\.b"), (("x,y (nm)",), "x,y (nm)")],
)
def test_a_path_is_its_names_joined_by_dots(names: tuple[str, ...], path: str) -> None:
    assert join_path(names) == path


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a\\", "a\\b"])
def test_what_is_no_path_is_refused_with_how_to_write_one(path: str) -> None:
    with pytest.raises(InvalidDeclaration, match="write a column's name") as refusal:
        TableField(path=path, type="int64")
    assert repr(path) in str(refusal.value)


def test_a_version_is_a_dataset_and_a_number() -> None:
    assert parse_version("minnie65.synapse_embeddings@v12") == ("minnie65.synapse_embeddings", 12)
    assert parse_version("minnie65.synapse_embeddings") == ("minnie65.synapse_embeddings", None)


@pytest.mark.parametrize("digits", ["1000000000", "9" * 5000])
def test_a_number_that_no_record_may_have_names_no_version(digits: str) -> None:
    with pytest.raises(InvalidDeclaration):
        parse_version(f"lab.cells@v{digits}")
