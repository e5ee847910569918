"""What several runs may spend together: whoever keeps the account is asked before each call, and told afterwards."""

from __future__ import annotations

from typing import Protocol

from steelyard.records import ModelOutput, Request

__all__ = ["Allowance"]


class Allowance(Protocol):
    """An account that several runs share, beside the budget that is a run's own."""

    async def reserve(self, request: Request) -> bool:
        """Wait until this call may be sent; False where it may not, so that the run stops.

        Raises StorageError where the account cannot be kept any more.
        """

    def settle(self, request: Request, output: ModelOutput) -> None:
        """Replace what was reserved for a call by what it used: its worst case, where that is not known."""
