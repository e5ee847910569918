"""A Parquet file, read in pieces whose size in memory is bounded, and up to a bound of all rows together.

A file of a kilobyte can name one large cell in each of a million rows, which no size in its footer tells. So texts and
bytes are read as dictionaries, what rows become is measured before it is made, and a file that becomes many times its
own size is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow

__all__ = ["UnpackedParquet", "holds_bytes"]

TIMES: Final = 20  # what rows may become, in sizes of their file: images hardly shrink, texts by 3 to 10
ALWAYS: Final = 512_000_000  # bytes that any file may become
LOOKED_AT: Final = 8  # times as much as texts, which are made one piece at a time and not kept
PIECE: Final = 32_000_000  # bytes of rows in memory at once, unless one row alone has more
_ROWS: Final = 64  # at most, in a batch of rows that are spooled
# Others, such as shared prefixes, pyarrow cannot read as a dictionary. What a footer hides is then an error of its own.
_MEASURED: Final = frozenset({"PLAIN", "RLE", "BIT_PACKED", "PLAIN_DICTIONARY", "RLE_DICTIONARY"})
_VALUE: Final = 4  # bytes at least that one value takes in memory, where the file has a billion of them in a few


class UnpackedParquet:
    """A Parquet file and how much it may become. ``schema`` is that of its rows, without dictionaries.

    Raises InputError where the footer alone says that it becomes too large; pyarrow's errors for no Parquet.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        self._path, self._used = path, 0
        self._most = max(ALWAYS, TIMES * path.stat().st_size)
        plain = pyarrow.parquet.ParquetFile(path)
        footer = plain.metadata
        texts, largest, is_measured = set[str](), 0, True
        for group in range(footer.num_row_groups):
            for place in range(footer.num_columns):
                chunk = footer.row_group(group).column(place)
                self._take(max(chunk.total_uncompressed_size, chunk.num_values * _VALUE, 0))
                if chunk.physical_type == "BYTE_ARRAY":
                    texts.add(chunk.path_in_schema)
                    largest = max(largest, chunk.total_uncompressed_size)
                    is_measured = is_measured and _MEASURED.issuperset(chunk.encodings)
        self._used = 0
        plain_schema = plain.schema_arrow
        self.schema: pyarrow.Schema = pyarrow.schema([field.with_type(_values(field.type)) for field in plain_schema])
        self._source = pyarrow.parquet.ParquetFile(path, read_dictionary=sorted(texts) if is_measured else [])
        # Where a cell may be whole in every row of a batch, a batch is as many as fit if each is its whole column.
        is_whole = any(_holds_whole_text(field.type) for field in self._source.schema_arrow)
        self._at_once = max(1, PIECE // max(1, largest)) if is_whole else None

    def table(self) -> pyarrow.Table:
        """All rows, to be kept in memory, each text of a dictionary once."""
        import pyarrow

        kept = []
        for part in self._parts():
            self._take(part.nbytes)
            kept.append(part)
        self._used, self._most = 0, self._most * LOOKED_AT
        table = pyarrow.concat_tables(kept) if kept else self._source.schema_arrow.empty_table()
        return table if self._at_once is None else table.combine_chunks()

    def _parts(self) -> Iterator[pyarrow.Table]:
        import pyarrow

        if self._at_once is None:
            for group in range(self._source.num_row_groups):
                yield self._source.read_row_group(group)
        else:
            for batch in self._batches(1024):
                yield pyarrow.Table.from_batches([batch])

    def batches(self) -> Iterator[pyarrow.RecordBatch]:
        """All rows, some at a time."""
        return self._batches(_ROWS)

    def _batches(self, rows: int) -> Iterator[pyarrow.RecordBatch]:
        rows = rows if self._at_once is None else min(rows, self._at_once)
        for group in range(self._source.num_row_groups):  # a batch of two groups would have two dictionaries
            yield from self._source.iter_batches(batch_size=rows, row_groups=[group])

    def pieces(self, batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        """The same rows, so many at a time as do not become too large as Python's own values.

        Raises InputError, before they are made, for rows that become too large.
        """
        for batch in batches:
            yield from self._halves(batch)

    def _halves(self, batch: pyarrow.RecordBatch) -> Iterator[pyarrow.RecordBatch]:
        size = sum(_unpacked(column) for column in batch.columns)
        if size > PIECE and batch.num_rows > 1:
            half = batch.num_rows // 2
            yield from self._halves(batch.slice(0, half))
            yield from self._halves(batch.slice(half))
        else:
            self._take(size)
            yield batch

    def _take(self, size: int) -> None:
        self._used += size
        if self._used > self._most:
            raise InputError(
                f"its rows become more than {self._most:,} bytes, of a file of {self._path.stat().st_size:,}: "
                "write them to a file without compression and dictionaries, or to JSONL",
                where=self._path,
            )


def holds_bytes(kind: Any) -> bool:
    """Whether values of a column hold bytes, such as the ``{bytes, path}`` of an image, or lists of them."""
    from pyarrow import types

    if types.is_binary(kind) or types.is_large_binary(kind):
        return True
    return types.is_nested(kind) and any(holds_bytes(kind.field(place).type) for place in range(kind.num_fields))


def _values(kind: Any) -> Any:
    from pyarrow import types

    return kind.value_type if types.is_dictionary(kind) else kind


def _holds_whole_text(kind: Any) -> bool:
    """Whether values hold texts or bytes that are not in a dictionary, among them those of an extension."""
    import pyarrow
    from pyarrow import types

    if isinstance(kind, pyarrow.BaseExtensionType):
        return _holds_whole_text(kind.storage_type)
    if types.is_nested(kind):
        return any(_holds_whole_text(kind.field(place).type) for place in range(kind.num_fields))
    return any(is_one(kind) for is_one in (types.is_string, types.is_large_string, types.is_string_view)) or any(
        is_one(kind) for is_one in (types.is_binary, types.is_large_binary, types.is_binary_view)
    )


def _unpacked(array: Any) -> int:
    """Bytes of an array's values without dictionaries: a cell counts in each row that names it."""
    import pyarrow.compute
    from pyarrow import types

    kind = array.type
    if types.is_dictionary(kind):
        if not (types.is_string(kind.value_type) or types.is_binary(kind.value_type)):
            return int(array.nbytes)
        lengths = pyarrow.compute.binary_length(array.dictionary).take(array.indices)
        return len(array) * _VALUE + (pyarrow.compute.sum(lengths).as_py() or 0)
    if types.is_struct(kind):
        return sum(_unpacked(child) for child in array.flatten())
    if types.is_map(kind):
        first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
        return sum(_unpacked(part.slice(first, last - first)) for part in (array.keys, array.items))
    if types.is_nested(kind) and not types.is_union(kind):
        return len(array) * _VALUE + _unpacked(array.flatten())
    return int(array.nbytes)
