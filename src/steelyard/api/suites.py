"""Which models may see a private suite, and what each has seen: checked and recorded where models are opened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard.models.address import IN_PROCESS, named_endpoint
from steelyard.planning.questions import normal_address
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.plugins import Model
    from steelyard.records import Plan
    from steelyard.storage.run_folder import RunFolder
    from steelyard.tasks.suite_task import SuiteTask

__all__ = [
    "check_addresses",
    "check_may_see",
    "note_begun",
    "note_ended",
    "note_recorded",
    "recipient_of",
    "suites_among",
]

PYTHON: Final = "python"  # in a suite's endpoints: models that Python code gives


def suites_among(task_files: Iterable[Path]) -> list[SuiteTask]:
    """The private suites among the files of tasks; raises InputError for one that cannot be read."""
    from steelyard.tasks.suite_file import is_suite
    from steelyard.tasks.suite_task import task_from_suite

    return [task_from_suite(path) for path in task_files if is_suite(path)]


def check_may_see(suites: Sequence[SuiteTask], args: RunArguments) -> None:
    """Raise InputError where a model is at an address that a suite does not name; nothing is opened before.

    Models in this process send nothing anywhere; with ``--ray`` they may be on other machines, and the cluster must be
    named too.
    """
    addresses = {role: recipient_of(model) for role, model in args.models.items()}
    if args.ray not in (None, "", "local"):
        addresses["ray"] = str(args.ray)
    check_addresses(suites, addresses)


def check_addresses(suites: Sequence[SuiteTask], addresses: Mapping[str, str]) -> None:
    """Raise InputError where an address, by its role, is none that a suite names; an empty one is this process."""
    for suite in suites:
        named = {_normal(each) for each in suite.file.endpoints}
        for role, address in addresses.items():
            if address and _normal(address) not in named:
                raise InputError(
                    f"may not be shown to {one_line(address, 120)} ({role}), and nothing was sent: add it to "
                    f"'endpoints' in {suite.where.name} if it may",
                    where=suite.folder,
                )


def recipient_of(model: str | Model) -> str:
    """Whoever gets what a model is asked: an endpoint's base URL, a plugin's URI; empty for a model in this process."""
    from steelyard.api.models import uri_of

    uri = uri_of(model)
    if not uri:
        return PYTHON
    kind, _, rest = uri.partition(":")
    if kind in IN_PROCESS:
        return ""
    return named_endpoint(rest).base if kind == "openai" else uri


def _normal(address: str) -> str:
    """An address in normal form; a base URL without a path is that with ``/v1``, as models' addresses are."""
    if not re.match(r"https?://", address, re.IGNORECASE):
        return address
    bare = re.fullmatch(r"[a-z]+://[^/]+/?", address, re.IGNORECASE)
    return normal_address(address.rstrip("/") + "/v1" if bare else address)


def note_begun(suites: Sequence[SuiteTask], args: RunArguments, run: RunFolder) -> None:
    """Put on record, before anything is asked, who may get which items; raises InputError where that is impossible."""
    from steelyard.suites.exposures import append_exposures

    for suite in suites:
        asked = {recipient: set(suite.items) for recipient in _recipients(suite, args, run.plan).values()}
        append_exposures(suite.folder, run.plan_sha256, suite.suite, "begun", asked)


def note_recorded(suites: Sequence[SuiteTask], address: str, run: RunFolder) -> None:
    """Put on record that a gateway may pass any item to an address: other programs choose what they ask."""
    from steelyard.suites.exposures import append_exposures

    for suite in suites:
        asked = {_normal(address): set(suite.rows.ids)}
        append_exposures(suite.folder, run.plan_sha256, suite.suite, "begun", asked)


def note_ended(suites: Sequence[SuiteTask], args: RunArguments, run: RunFolder) -> None:
    """Put on record who got which items, when a run ended or was stopped."""
    from steelyard.storage.journal.reader import replay
    from steelyard.suites.exposures import append_exposures

    for suite in suites:
        recipients = _recipients(suite, args, run.plan)
        items: dict[str, set[str]] = {recipient: set() for recipient in recipients.values()}
        by_line = {number: name for name, number in suite.rows.ids.items()}
        for attempt in replay(run.path).attempts:
            if attempt.measurement in recipients:
                items[recipients[attempt.measurement]].add(by_line[int(attempt.sample.rpartition("/")[2])])
        append_exposures(suite.folder, run.plan_sha256, suite.suite, "ended", items)


def _recipients(suite: SuiteTask, args: RunArguments, plan: Plan) -> Mapping[str, str]:
    """The recipients of a suite's items by measurement; models in this process are none."""
    found = {each.id: recipient_of(args.models[each.role]) for each in plan.measurements if each.suite == suite.suite}
    return {name: _normal(recipient) for name, recipient in found.items() if recipient}
