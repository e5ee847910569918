"""Which addresses may see a private suite: those that its suite.yaml names, and no other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard.planning.questions import normal_address
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["check_addresses", "normal"]


def check_addresses(suites: Sequence[SuiteTask], addresses: Mapping[str, str]) -> None:
    """Raise InputError where an address, by its role, is none that a suite names; an empty one is this process."""
    for suite in suites:
        named = {normal(each) for each in suite.file.endpoints}
        for role, address in addresses.items():
            if address and normal(address) not in named:
                raise InputError(
                    f"may not be shown to {one_line(address, 120)} ({role}), and nothing was sent: add it to "
                    f"'endpoints' in {suite.where.name} if it may",
                    where=suite.folder,
                )


def normal(address: str) -> str:
    """An address in normal form; a base URL without a path is that with ``/v1``, as models' addresses are."""
    if not re.match(r"https?://", address, re.IGNORECASE):
        return address
    bare = re.fullmatch(r"[a-z]+://[^/]+/?", address, re.IGNORECASE)
    return normal_address(address.rstrip("/") + "/v1" if bare else address)
