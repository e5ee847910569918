"""The rows of a Parquet file: in memory where they are texts and numbers, on the disk where they hold images.

A data set of images is some hundred megabytes, and its rows are asked in a random order. So each row of such a file is
written once to a file without a name, from which one row can be read alone. What a file may become is bounded by
:mod:`steelyard.tasks.unpacked_parquet`.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from steelyard.errors import InputError, MissingDependency
from steelyard.tasks.file_rows import FileRows, Look, Row
from steelyard.tasks.unpacked_parquet import UnpackedParquet, holds_bytes

if TYPE_CHECKING:
    import pyarrow

__all__ = ["ParquetRows", "SpooledRows", "open_parquet"]


def open_parquet(path: Path, look: Look) -> FileRows:
    """The rows of a Parquet file.

    Raises InputError for a file that is not Parquet, or that becomes too large; MissingDependency without pyarrow.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependency("Parquet needs pyarrow: pip install 'steelyard[data]'", where=path) from None
    try:
        source = UnpackedParquet(path)
        if any(holds_bytes(field.type) for field in source.schema):
            return SpooledRows(source, look)
        return ParquetRows(source, look)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"is not Parquet: {str(error).splitlines()[0]}", where=path) from None


class ParquetRows(FileRows):
    """Rows that are kept in memory as Arrow columns, a text that many rows have once."""

    def __init__(self, source: UnpackedParquet, look: Look) -> None:
        self._table = source.table()
        seen = 0
        for piece in source.pieces(self._table.to_batches(max_chunksize=1024)):
            for row in piece.to_pylist():
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

    def __init__(self, source: UnpackedParquet, look: Look) -> None:
        import pyarrow

        schema = source.schema
        with NamedTemporaryFile(prefix="steelyard-rows-") as spool:
            with pyarrow.ipc.new_file(spool.name, schema) as rows:
                seen = 0
                for piece in source.pieces(source.batches()):
                    for place in range(piece.num_rows):
                        (row,) = piece.slice(place, 1).to_pylist()
                        seen += 1
                        look(row, seen)
                        rows.write_batch(pyarrow.RecordBatch.from_pylist([row], schema))
            self._rows: pyarrow.RecordBatchFileReader = pyarrow.ipc.open_file(pyarrow.OSFile(spool.name, "rb"))

    def __len__(self) -> int:
        return int(self._rows.num_record_batches)

    def _row(self, number: int) -> Row:
        row: Row = self._rows.get_batch(number).to_pylist()[0]
        return row

    def number_of(self, place: int) -> int:
        """The rows are counted from 1."""
        return place + 1
