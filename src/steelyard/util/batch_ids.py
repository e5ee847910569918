"""Which text may be a provider's id of a batch: it becomes a part of a path, also where a journal names it."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_batch_id"]

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")


def is_batch_id(text: str) -> bool:
    """Whether a text can be an id, and leads nowhere else where a path has it."""
    return _ID.fullmatch(text) is not None and ".." not in text
