"""The rows of a Parquet file: in memory where they are texts and numbers, on the disk where they hold images.

A data set of images is some hundred megabytes, and its rows are asked in a random order. So each row of such a file is
written once to a file without a name, from which one row can be read alone.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError, MissingDependency
from steelyard.tasks.file_rows import FileRows, Look, Row

if TYPE_CHECKING:
    import pyarrow

__all__ = ["ParquetRows", "SpooledRows", "open_parquet"]

_AT_ONCE = 64  # rows of images in memory


def open_parquet(path: Path, look: Look) -> FileRows:
    """The rows of a Parquet file.

    Raises InputError for a file that is not Parquet, MissingDependency without pyarrow.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependency("Parquet needs pyarrow: pip install 'steelyard[data]'", where=path) from None
    try:
        if any(_holds_bytes(field.type) for field in pyarrow.parquet.read_schema(path)):
            return SpooledRows(path, look)
        return ParquetRows(path, look)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"is not Parquet: {str(error).splitlines()[0]}", where=path) from None


def _holds_bytes(kind: Any) -> bool:
    """Whether values of a column hold bytes, such as the ``{bytes, path}`` of an image, or lists of them."""
    from pyarrow import types

    if types.is_binary(kind) or types.is_large_binary(kind):
        return True
    return types.is_nested(kind) and any(_holds_bytes(kind.field(place).type) for place in range(kind.num_fields))


class ParquetRows(FileRows):
    """Rows that are kept in memory as Arrow columns."""

    def __init__(self, path: Path, look: Look) -> None:
        import pyarrow.parquet

        self._table = pyarrow.parquet.read_table(path)
        seen = 0
        for batch in self._table.to_batches(max_chunksize=1024):
            for row in batch.to_pylist():
                seen += 1
                look(row, seen)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def _row(self, number: int) -> Row:
        row: Row = self._table.slice(number, 1).to_pylist()[0]
        return row

    def number_of(self, place: int) -> int:
        """The rows are counted from 1."""
        return place + 1


class SpooledRows(FileRows):
    """Rows with images, each a batch of its own in a file that only this process has."""

    def __init__(self, path: Path, look: Look) -> None:
        import pyarrow
        import pyarrow.parquet

        source = pyarrow.parquet.ParquetFile(path)
        with NamedTemporaryFile(prefix="steelyard-rows-") as spool:
            with pyarrow.ipc.new_file(spool.name, source.schema_arrow) as rows:
                seen = 0
                for batch in source.iter_batches(batch_size=_AT_ONCE):
                    for place in range(batch.num_rows):
                        alone = batch.slice(place, 1)
                        seen += 1
                        look(alone.to_pylist()[0], seen)
                        rows.write_batch(alone)
            self._rows: pyarrow.RecordBatchFileReader = pyarrow.ipc.open_file(pyarrow.OSFile(spool.name, "rb"))

    def __len__(self) -> int:
        return int(self._rows.num_record_batches)

    def _row(self, number: int) -> Row:
        row: Row = self._rows.get_batch(number).to_pylist()[0]
        return row

    def number_of(self, place: int) -> int:
        """The rows are counted from 1."""
        return place + 1
