"""What :class:`steelyard.models.session.InferenceSession` needs of a model in this process: tokens in, logits out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Decoder"]


class Decoder(Protocol):
    """One decoder-only language model with one sequence, called from one thread."""

    context_tokens: int

    def tokenise(self, text: str, *, control: bool = False) -> list[int]:
        """Give the tokens of ``text`` alone; names of control tokens in it are such tokens only with ``control``."""

    def piece(self, token: int) -> bytes:
        """Give the bytes of one token: possibly a part of a character, nothing for a control token."""

    def is_end(self, token: int) -> bool:
        """Whether this token ends an answer."""

    def is_control(self, token: int) -> bool:
        """Whether this token has a meaning of its own and no text."""

    def opening(self) -> list[int]:
        """Give what the model wants before any text: its beginning-of-sequence token, or nothing."""

    def token_text(self, which: str) -> str:
        """Give the written form of the ``"bos"`` or ``"eos"`` token; empty where there is none."""

    def chat_template(self) -> str:
        """Give the chat template that comes with the weights, in Jinja; empty where there is none."""

    def decode(self, tokens: Sequence[int], position: int, *, every: bool = False) -> NDArray[np.float32]:
        """Decode ``tokens`` from ``position`` on; give the logits after the last one, or after ``every`` one.

        Shape (1 or len(tokens), vocabulary). Raises ValueError where it does not fit into the context.
        """

    def rewind(self, position: int) -> None:
        """Forget everything from ``position`` on."""

    def clear(self) -> None:
        """Forget everything."""

    def save(self) -> Any:
        """Copy the state: something with ``len()`` in bytes, for :meth:`restore`."""

    def restore(self, state: Any) -> None:
        """Restore a saved state, bit for bit."""
