"""A page of a listing, column by column.

What is true of a million files is found a thousand at a time. But one function of Arrow takes as long as Python takes
for a hundred files, and most tables have fewer: so what takes several functions is asked of lists.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any, cast

from registry_dagster.model.batches import batches
from registry_dagster.tables.storage.protocol import StoredObject

__all__ = ["ObjectPage", "in_pages", "joined_texts"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_PAGE = 1000


@dataclass(frozen=True)
class ObjectPage:
    """Some objects of a listing, in its order, as Arrow arrays.

    Args:
        paths, tokens: As text; of a name that is not UTF-8, the bytes that it has on the disk.
        sizes: In bytes.
        modified: Microseconds since 1970.
    """

    paths: Any
    sizes: Any
    tokens: Any
    modified: Any

    @classmethod
    def of(cls, objects: Sequence[StoredObject]) -> ObjectPage:
        """The page of these objects."""
        import pyarrow as pa

        return cls(
            _texts([each.path for each in objects]),
            pa.array([each.size for each in objects], pa.int64()),
            _texts([each.token for each in objects]),
            pa.array([(each.modified - _EPOCH) // _MICROSECOND for each in objects], pa.int64()),
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> StoredObject:
        (token,) = _decoded(self.tokens[index:][:1])
        return StoredObject(self.names[index], self.sizes[index].as_py(), token, _moment(self.modified[index].as_py()))

    def __iter__(self) -> Iterator[StoredObject]:
        columns = (self.names, self.sizes.to_pylist(), _decoded(self.tokens), self.modified.to_pylist())
        for path, size, token, microseconds in zip(*columns, strict=True):
            yield StoredObject(path, size, token, _moment(microseconds))

    @cached_property
    def names(self) -> list[str]:
        """The paths."""
        return _decoded(self.paths)

    @property
    def bytes(self) -> int:
        """The size of all of them."""
        return sum(self.sizes.to_pylist())

    @cached_property
    def latest(self) -> datetime:
        """When the last of them was written."""
        return _moment(max(self.modified.to_pylist()))

    @property
    def has_empty(self) -> bool:
        """Whether one of the objects has no bytes."""
        return 0 in self.sizes.to_pylist()

    @property
    def size_texts(self) -> Any:
        """The sizes in decimal digits."""
        import pyarrow as pa

        return self.sizes.cast(pa.string())

    @cached_property
    def directories(self) -> list[str]:
        """The directories that they are in, each once, in their order."""
        return list(dict.fromkeys([name.rpartition("/")[0] for name in self.names]))

    @cached_property
    def _lower_paths(self) -> Any:
        import pyarrow.compute as pc

        return cast(Any, pc).ascii_lower(self.paths)

    def end_with(self, ending: str) -> Any:
        """Which paths end so, in whatever case: an array of booleans."""
        import pyarrow.compute as pc

        return cast(Any, pc).ends_with(self._lower_paths, ending)

    def split(self, mask: Any) -> tuple[ObjectPage, ObjectPage]:
        """The objects at which an array of booleans is true, and the others."""
        import pyarrow.compute as pc

        if mask.true_count == len(self):
            return self, self._part(lambda column: column[:0])
        others = cast(Any, pc).invert(mask)
        return self._part(lambda column: column.filter(mask)), self._part(lambda column: column.filter(others))

    def below(self, root: str) -> ObjectPage:
        """The same objects, their paths without what they all begin with."""
        import pyarrow.compute as pc

        return replace(self, paths=cast(Any, pc).utf8_slice_codeunits(self.paths, len(root)))

    def _part(self, of: Callable[[Any], Any]) -> ObjectPage:
        return ObjectPage(of(self.paths), of(self.sizes), of(self.tokens), of(self.modified))


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def joined_texts(*columns: Any) -> memoryview:
    """The values of columns, or texts for all rows, joined row by row, and all rows one after the other."""
    import pyarrow.compute as pc

    rows = cast(Any, pc).binary_join_element_wise(*columns, "")
    # The texts of an array that was just made lie one after the other, and the last offset is where they end.
    _, offsets, texts = rows.buffers()
    return memoryview(texts or b"")[: memoryview(offsets).cast("i")[len(rows)]]


def in_pages(objects: Iterable[StoredObject]) -> Iterator[ObjectPage]:
    """Objects page by page."""
    return map(ObjectPage.of, batches(objects, _PAGE))


def _texts(texts: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.array(list(map(os.fsencode, texts)), pa.binary()).view(pa.string())


def _decoded(texts: Any) -> list[str]:
    try:
        return texts.to_pylist()
    except UnicodeDecodeError:
        import pyarrow as pa

        return list(map(os.fsdecode, texts.view(pa.binary()).to_pylist()))
