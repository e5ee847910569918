"""A finished run held against the weights of its reference again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.api.results import VerifyResult
    from steelyard_forensics.verify_by_weights import HeldAgain

__all__ = ["held_by_weights"]


def held_by_weights(
    result: VerifyResult,
    references: Sequence[str],
    notify: Callable[[str], None] = lambda line: None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[HeldAgain]:
    """Make the scores of a verified run again for which it used references: ``gguf:PATH`` or ``embedded:smollm2``.

    Of several files they are in the run's order.

    Raises VerificationError where a test says another word by these weights, InputError where the run used none, where
    its texts are withheld and where they are other weights.
    """
    from steelyard.models import Settings
    from steelyard.models.reference import open_reference
    from steelyard.records import reference_role
    from steelyard.storage.run_folder import RunFolder
    from steelyard_forensics.verify_by_weights import by_weights

    async def hold(folder: Path) -> list[HeldAgain]:
        async with AsyncExitStack() as stack:
            opened = {}
            for number, uri in enumerate(references, 1):
                opened[reference_role(number)] = reference = open_reference(uri, Settings())
                stack.push_async_callback(reference.close)
            return await by_weights(RunFolder.open(folder), result.recomputed.verdict, opened, notify, progress)

    return asyncio.run(hold(result.folder))
