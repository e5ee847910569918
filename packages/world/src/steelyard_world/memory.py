"""A store of states with keys, in which a world model finds earlier moments again."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from steelyard.errors import InputError, MissingDependency
from steelyard_world.sim.simulator import Floats
from steelyard_world.weights import digest, read_tensors, write_tensors

__all__ = ["EXACT_LIMIT", "Memory", "Recalled"]

EXACT_LIMIT = 100_000
"""The most states that are searched without faiss."""

_FILE = "memory.safetensors"
_CHUNK = 8192


class Recalled(NamedTuple):
    """What was found for each query, nearest first: keys, Euclidean distances (Q, k) and the states (Q, k, D)."""

    keys: list[list[Any]]
    distances: Floats
    states: Floats


class Memory:
    """States (N, D) in the order in which they came; among equally near ones the earlier is found first."""

    def __init__(self) -> None:
        self._parts: list[Floats] = []
        self.keys: list[Any] = []
        self._index: Any = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def states(self) -> Floats:
        """All states, (N, D)."""
        if len(self._parts) != 1:
            self._parts = [np.concatenate(self._parts)] if self._parts else [np.zeros((0, 0), np.float32)]
        return self._parts[0]

    def add(self, states: Floats, keys: Sequence[Any]) -> None:
        """Store states (N, D) under keys, which may be any JSON values.

        Raises InputError for other keys or sizes, MissingDependency for more than 100,000 states without faiss.
        """
        if len(states) != len(keys):
            raise InputError(f"each state has one key: {len(states)} states came with {len(keys)} keys")
        try:
            msgspec.json.encode(list(keys))
        except (TypeError, ValueError) as error:
            raise InputError(f"keys must be JSON values ({error})") from error
        if len(self) and states.shape[1] != self.states.shape[1]:
            raise InputError(f"these states have {states.shape[1]} numbers, those in memory {self.states.shape[1]}")
        if len(self) + len(keys) > EXACT_LIMIT and not _faiss_is_here():
            raise MissingDependency(f"more than {EXACT_LIMIT:,} states need faiss: pip install faiss-cpu")
        if not len(self):
            self._parts = []
        self._parts.append(np.ascontiguousarray(states, dtype=np.float32))
        self.keys.extend(keys)
        self._index = None

    def nearest(self, queries: Floats, count: int = 1) -> Recalled:
        """Find the ``count`` nearest states, exactly, for each query (Q, D); fewer where fewer are stored.

        Raises InputError where nothing is stored, or the query has another size.
        """
        if not len(self):
            raise InputError("the memory is empty: store something first")
        if queries.shape[1] != self.states.shape[1]:
            raise InputError(f"the query has {queries.shape[1]} numbers, states in memory {self.states.shape[1]}")
        count = min(count, len(self))
        found = self._by_faiss(queries, count) if len(self) > EXACT_LIMIT else _exact(self.states, queries, count)
        near = self.states[found]
        distances = np.linalg.norm(near.astype(np.float64) - queries[:, None], axis=-1).astype(np.float32)
        return Recalled([[self.keys[index] for index in row] for row in found], distances, near)

    def save(self, folder: Path) -> None:
        """Write ``memory.safetensors``, whole or not at all; it is deleted where nothing is stored.

        Keys are in the same file, as bytes of JSON, so that a kill never leaves keys of other states.
        """
        if not len(self):
            (folder / _FILE).unlink(missing_ok=True)
            return
        keys = np.frombuffer(msgspec.json.encode(self.keys), np.uint8).copy()
        tensors = {"states": torch.from_numpy(self.states), "keys": torch.from_numpy(keys)}
        write_tensors(folder / _FILE, tensors, {"sha256": digest(tensors)})

    @classmethod
    def load(cls, folder: Path) -> Memory:
        """Read what was saved; an empty memory where nothing was. Raises InputError where it was changed."""
        memory = cls()
        path = folder / _FILE
        if not path.exists():
            return memory
        tensors, metadata = read_tensors(path)
        if tensors.keys() != {"states", "keys"} or digest(tensors) != metadata.get("sha256"):
            raise InputError("the memory is not as it was saved: copy the folder again, or delete this", where=path)
        try:
            keys = msgspec.json.decode(tensors["keys"].numpy().tobytes(), type=list[Any])
            memory.add(tensors["states"].numpy(), keys)
        except (msgspec.MsgspecError, ValueError, TypeError, IndexError) as error:
            raise InputError(f"holds no states with keys ({error}): copy the folder again", where=path) from error
        return memory

    def _by_faiss(self, queries: Floats, count: int) -> NDArray[np.int64]:
        if self._index is None:
            self._index = importlib.import_module("faiss").IndexFlatL2(self.states.shape[1])
            self._index.add(self.states)
        found: NDArray[np.int64] = self._index.search(np.ascontiguousarray(queries, dtype=np.float32), count)[1]
        return found


def _exact(states: Floats, queries: Floats, count: int) -> NDArray[np.int64]:
    """Keep the best of each chunk; squared distances in float64, where |a|² − 2ab + |b|² cancels harmlessly."""
    asked = queries.astype(np.float64)
    best = np.empty((len(queries), 0), np.int64)
    gaps = np.empty((len(queries), 0))
    for first in range(0, len(states), _CHUNK):
        chunk = states[first : first + _CHUNK].astype(np.float64)
        squares = (chunk**2).sum(1) - 2 * asked @ chunk.T + (asked**2).sum(1)[:, None]
        gaps = np.concatenate([gaps, squares], 1)
        best = np.concatenate([best, np.broadcast_to(np.arange(first, first + len(chunk)), squares.shape)], 1)
        order = np.argsort(gaps, axis=1, kind="stable")[:, :count]
        gaps, best = np.take_along_axis(gaps, order, 1), np.take_along_axis(best, order, 1)
    return best


def _faiss_is_here() -> bool:
    return importlib.util.find_spec("faiss") is not None
