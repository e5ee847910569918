"""What the calls of runs took, as their rows keep it: for what a right answer cost, and what a verdict did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard_server.runs.summary import Taken

if TYPE_CHECKING:
    import psycopg

__all__ = ["taken_of"]


def taken_of(connection: psycopg.Connection[Any], runs: Iterable[int]) -> dict[int, Taken]:
    """What the calls of each of these runs took, by the number of its row."""
    found = connection.execute("SELECT id, taken FROM steelyard.run WHERE id = ANY (%s)", (sorted(set(runs)),))
    return {number: msgspec.json.decode(text, type=Taken) for number, text in found.fetchall()}
