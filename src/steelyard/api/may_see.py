"""Which addresses may see a private suite: those that its suite.yaml names, and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard.util.addresses import normal_endpoint, normal_endpoints
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["check_addresses"]


def check_addresses(suites: Sequence[SuiteTask], addresses: Mapping[str, str]) -> None:
    """Raise InputError where an address, by its role, is none that a suite names; an empty one is this process."""
    for suite in suites:
        named = normal_endpoints(suite.file.endpoints)
        for role, address in addresses.items():
            if address and normal_endpoint(address) not in named:
                raise InputError(
                    f"may not be shown to {one_line(address, 120)} ({role}), and nothing was sent: add it to "
                    f"'endpoints' in {suite.where.name} if it may",
                    where=suite.folder,
                )
