"""What models have seen of a private suite: on record before anything is asked, and when a run ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from steelyard.api.models import recipient_of
from steelyard.util.addresses import normal_endpoint

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.plugins import Model
    from steelyard.records import Plan
    from steelyard.storage.run_folder import RunFolder
    from steelyard.tasks.suite_task import SuiteTask

State: TypeAlias = Literal["begun", "ended"]

__all__ = [
    "not_drawn",
    "note_begun",
    "note_ended",
    "note_recorded",
    "note_shown",
    "suites_among",
]


def suites_among(task_files: Iterable[Path]) -> list[SuiteTask]:
    """The private suites among the files of tasks; raises InputError for one that cannot be read."""
    from steelyard.tasks.suite_file import is_suite
    from steelyard.tasks.suite_task import task_from_suite

    return [task_from_suite(path) for path in task_files if is_suite(path)]


def not_drawn(suites: Iterable[SuiteTask], recipient: str) -> list[str]:
    """A line for each suite with variants whose seal does not name the one ``recipient`` that is asked."""
    return [
        f"{suite.id}: asked as it is written, since version {suite.file.version} is sealed with variants for other "
        f"addresses than {recipient}"
        for suite in suites
        if recipient and suite.seal is not None and suite.seal.addresses and recipient not in suite.seal.addresses
    ]


def note_begun(suites: Sequence[SuiteTask], args: RunArguments, run: RunFolder) -> None:
    """Put on record, before anything is asked, who may get which items; raises InputError where that is impossible."""
    asked = [
        (suite, {recipient: set(suite.items) for recipient in _recipients(suite, args, run.plan).values()})
        for suite in suites
    ]
    _append(asked, run, "begun")


def note_recorded(suites: Sequence[SuiteTask], address: str, run: RunFolder) -> None:
    """Put on record that a gateway may pass any item to an address: other programs choose what they ask."""
    from steelyard.suites.exposures import append_exposures

    for suite in suites:
        asked = {normal_endpoint(address): set(suite.rows.ids)}
        append_exposures(suite.folder, run.plan_sha256, suite.suite, "begun", asked)


def note_ended(suites: Sequence[SuiteTask], args: RunArguments, run: RunFolder) -> None:
    """Put on record who got which items, when a run ended or was stopped."""
    from steelyard.storage.journal.reader import replay

    attempts = replay(run.path).attempts
    sent = []
    for suite in suites:
        recipients = _recipients(suite, args, run.plan)
        items: dict[str, set[str]] = {recipient: set() for recipient in recipients.values()}
        by_line = {number: name for name, number in suite.items.items()}
        for attempt in attempts:
            if attempt.measurement in recipients:
                items[recipients[attempt.measurement]].add(by_line[int(attempt.sample.rpartition("/")[2])])
        sent.append((suite, items))
    _append(sent, run, "ended")


def _append(found: Sequence[tuple[SuiteTask, Mapping[str, set[str]]]], run: RunFolder, state: State) -> None:
    """Write one line for each suite and recipient, whatever parts are asked: the last line of a run counts."""
    from steelyard.suites.exposures import append_exposures

    whole: dict[tuple[Path, str], dict[str, set[str]]] = {}
    for suite, items_by_recipient in found:
        items = whole.setdefault((suite.folder, suite.suite), {})
        for recipient, names in items_by_recipient.items():
            items.setdefault(recipient, set()).update(names)
    for (folder, digest), items in whole.items():
        append_exposures(folder, run.plan_sha256, digest, state, items)


def note_shown(suite: SuiteTask, samples: Iterable[str], model: str | Model, run: RunFolder) -> None:
    """Put on record that another run shows samples of a suite, with their answers, to a model: a judge."""
    from steelyard.suites.exposures import append_exposures

    if recipient := recipient_of(model):
        by_line = {number: name for name, number in suite.items.items()}
        items = {by_line[int(sample.rpartition("/")[2])] for sample in samples}
        append_exposures(suite.folder, run.plan_sha256, suite.suite, "begun", {normal_endpoint(recipient): items})


def _recipients(suite: SuiteTask, args: RunArguments, plan: Plan) -> Mapping[str, str]:
    """The recipients of a suite's items, or of a part's, by measurement; models in this process are none."""
    found = {
        each.id: recipient_of(args.models[each.role])
        for each in plan.measurements
        if each.suite == suite.suite and each.task == suite.id
    }
    return {name: normal_endpoint(recipient) for name, recipient in found.items() if recipient}
