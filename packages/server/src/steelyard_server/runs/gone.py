"""What is no longer here: answered as 410, in words, wherever it is asked for."""

from __future__ import annotations

from steelyard.errors import StorageError

__all__ = ["GoneError"]


class GoneError(StorageError):
    """A run was withdrawn, or a file of one is no longer here, or no longer what was received."""
