"""Whether a run asked the variants that a suite's seal draws for its endpoint, recomputed from suite and plan alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.api.models import recipient_of
from steelyard.errors import InputError, VerificationError
from steelyard.util.addresses import normal_endpoint

if TYPE_CHECKING:
    from steelyard.records import Measurement

__all__ = ["DrawnPart", "check_drawn"]


@dataclass(frozen=True, kw_only=True)
class DrawnPart:
    """A measurement of a run: the address that was asked, and whether in the variants that are drawn for it.

    ``addresses`` is how many addresses the seal names.
    """

    task: str
    address: str
    drawn: bool
    addresses: int


def check_drawn(folder: Path, run: Path, released_to: str = "") -> list[DrawnPart]:
    """What a run asked of a sealed suite with variants, each measurement recomputed from the suite's folder.

    Not drawn is what a model on this machine, an address that is not sealed, and several endpoints in one run are
    asked: the items as they are written. ``released_to`` is the address whose variants a leak check looked for, in
    place of the model's own. Raises InputError where there is nothing to check, VerificationError where a measurement
    asked anything else, or a test by variants is for another number of addresses than the seal names.
    """
    from steelyard.storage.run_folder import RunFolder
    from steelyard.tasks.suite_file import suite_folder
    from steelyard.tasks.suite_task import task_from_suite
    from steelyard.tasks.suite_variants import draw_of

    folder = suite_folder(folder)
    suite = task_from_suite(folder.with_name(f"{folder.name}#all"))
    if suite.seal is None or not suite.variants.lines:
        raise InputError("is not sealed with variants, so none are drawn", where=folder)
    plan = RunFolder.open(run).plan
    mine = [each for each in plan.measurements if each.suite == suite.suite]
    if not mine:
        raise InputError("asked nothing of this version of the suite", where=run)
    found, sealed = [], len(suite.seal.addresses)
    for test in plan.tests:
        if (said := test.sealed.get("addresses", sealed)) != sealed and test.rule.startswith("leak@"):
            raise VerificationError(f"{run}: {test.id} is for {said!r:.20} addresses, and the seal names {sealed:,}")
    for each in mine:
        address = normal_endpoint(released_to or recipient_of(plan.models[each.role].identity.uri))
        part = each.task.removeprefix(suite.file.suite).removeprefix("-")
        drawn = "-".join(filter(None, (part, f"for-{draw_of(suite.seal, address)}")))
        if address and _asks(each, folder.with_name(f"{folder.name}#{drawn}")):
            found.append(DrawnPart(task=each.task, address=address, drawn=True, addresses=sealed))
        elif _asks(each, folder.with_name(f"{folder.name}#{part or 'released'}")):
            found.append(DrawnPart(task=each.task, address=address, drawn=False, addresses=sealed))
        else:
            raise VerificationError(
                f"{run}: {each.task} asked neither the variants that the seal draws for {address or 'no address'} nor "
                "the items as they are written"
            )
    return found


def _asks(measurement: Measurement, part: Path) -> bool:
    """Whether the samples of a measurement are those of a part of the suite."""
    from steelyard.planning.prepare import prepare_measurement
    from steelyard.tasks.catalogue import Catalogue

    try:
        prepare_measurement(measurement, Catalogue((part,)), None)
    except InputError:
        return False
    return True
