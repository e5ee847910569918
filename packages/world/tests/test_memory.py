"""The store of states: exact, ordered, saved with the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError, MissingDependency
from steelyard_world import memory as module
from steelyard_world.memory import EXACT_LIMIT, Memory


@given(st.integers(0, 2**31), st.integers(1, 300), st.integers(1, 9), st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_the_nearest_are_those_of_brute_force(seed: int, items: int, size: int, count: int) -> None:
    chance = np.random.default_rng(seed)
    states = chance.integers(-3, 3, (items, size)).astype(np.float32)  # small numbers: many are equally near
    queries = chance.integers(-3, 3, (4, size)).astype(np.float32)
    memory = Memory()
    memory.add(states[: items // 2], list(range(items // 2)))
    memory.add(states[items // 2 :], list(range(items // 2, items)))
    squares = ((states[None] - queries[:, None]).astype(np.float64) ** 2).sum(-1)
    expected = np.argsort(squares, axis=1, kind="stable")[:, :count]
    found = memory.nearest(queries, count)
    np.testing.assert_array_equal(found.keys, expected)
    np.testing.assert_allclose(found.distances**2, np.take_along_axis(squares, expected, 1), atol=1e-4)


def test_search_goes_over_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 7)
    states = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    memory = Memory()
    memory.add(states, [f"moment {index}" for index in range(50)])
    found = memory.nearest(states[[3, 30, 49]], 2)
    assert [keys[0] for keys in found.keys] == ["moment 3", "moment 30", "moment 49"]
    assert found.distances[:, 0].max() == 0


def test_what_was_saved_is_found_again(tmp_path: Path) -> None:
    memory = Memory()
    memory.add(np.eye(3, dtype=np.float32), ["a", {"room": 2}, 3])
    memory.save(tmp_path)
    again = Memory.load(tmp_path)
    assert again.keys == ["a", {"room": 2}, 3]
    assert again.nearest(np.eye(3, dtype=np.float32)[1:2]).keys == [[{"room": 2}]]
    assert len(Memory.load(tmp_path / "elsewhere")) == 0


def test_an_emptied_memory_leaves_nothing_behind(tmp_path: Path) -> None:
    memory = Memory()
    memory.add(np.eye(3, dtype=np.float32), [1, 2, 3])
    memory.save(tmp_path)
    Memory().save(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(Memory.load(tmp_path)) == 0


def test_a_kill_while_saving_leaves_the_old_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    memory.add(np.eye(3, dtype=np.float32), [1, 2, 3])
    memory.save(tmp_path)
    memory.add(np.eye(3, dtype=np.float32), [4, 5, 6])

    def killed(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        memory.save(tmp_path)
    assert Memory.load(tmp_path).keys == [1, 2, 3]


def test_a_memory_that_is_not_as_it_was_saved_is_refused(tmp_path: Path) -> None:
    memory = Memory()
    memory.add(np.eye(3, dtype=np.float32), [1, 2, 3])
    memory.save(tmp_path)
    path = tmp_path / "memory.safetensors"
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b"[1,2,3]", b"[1,2,4]"))
    with pytest.raises(InputError, match=r"memory\.safetensors: the memory is not as it was saved"):
        Memory.load(tmp_path)
    path.write_bytes(kept[:40])
    with pytest.raises(InputError, match="not a whole safetensors file"):
        Memory.load(tmp_path)


def test_misuse_raises_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    with pytest.raises(InputError, match="the memory is empty"):
        memory.nearest(np.zeros((1, 2), np.float32))
    with pytest.raises(InputError, match="2 states came with 1 keys"):
        memory.add(np.zeros((2, 2), np.float32), ["one"])
    with pytest.raises(InputError, match="keys must be JSON values"):
        memory.add(np.zeros((1, 2), np.float32), [object()])
    memory.add(np.zeros((2, 2), np.float32), ["one", "two"])
    with pytest.raises(InputError, match="have 3 numbers, those in memory 2"):
        memory.add(np.zeros((1, 3), np.float32), ["three"])
    with pytest.raises(InputError, match="query has 3 numbers"):
        memory.nearest(np.zeros((1, 3), np.float32))
    monkeypatch.setattr(module, "_faiss_is_here", lambda: False)
    with pytest.raises(MissingDependency, match="100,000 states need faiss"):
        memory.add(np.zeros((EXACT_LIMIT, 2), np.float32), [0] * EXACT_LIMIT)
