"""What was planned, planned again: every field of measurements and requests follows from claim, task and model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from steelyard.errors import InputError, VerificationError
from steelyard.planning.build import RunRequest, measurement_request
from steelyard.planning.sealed_planner import SealedPlanner
from steelyard.planning.sealed_source import wrong_plan
from steelyard.planning.sources import measurement_id
from steelyard.records import NotPlanned, Plan, Served
from steelyard.records.record import Record
from steelyard.tasks.requested import RequestedProtocol
from steelyard.util.software import software
from steelyard.util.text import one_line

__all__ = ["absent_tasks", "accusing_as_sealed", "check_requests", "measured_again", "with_versions"]

# Drawn when all measurements are known: verification.orders and verification.answered_by derive these.
OF_THE_ORDER: Final = frozenset(("order_seed", "question", "share", "turns"))
GIVEN: Final = frozenset(("difficulties",))  # by the user: verification.difficulties compares them with the inputs
# Where a detector is not installed, its requests may have come first to a measurement that they share with others.
OF_THE_FIRST: Final = frozenset(("id", "prompt", "chance", "scorers"))


def measured_again(plan: Plan) -> SealedPlanner:
    """Plan a run without a sheet again: each measurement by its own prompt format, shots, temperature and repeats.

    Raises VerificationError where it could not have been asked for.
    """
    planner = SealedPlanner(plan)
    for each in plan.measurements:
        wanted = RunRequest(each.task, each.role, each.prompt, each.shots, each.temperature or None, each.window)
        try:
            served = planner.measure(measurement_request(wanted, each.repeats, each.id))
        except InputError as error:
            raise wrong_plan(f"{each.id} cannot be planned again: {error}") from None
        if served is None:
            raise wrong_plan(f"{each.id} is asked, and it cannot be: {planner.not_planned[-1].reason}")
    if len({each.repeats for each in plan.measurements}) > 1:
        raise wrong_plan("measurements of one run have different repeats")
    _check_measurements(plan, planner, complete=True)
    _check_tasks(plan, planner)
    return planner


def check_requests(plan: Plan, planner: SealedPlanner, *, complete: bool) -> None:
    """Raise VerificationError where a request or a measurement is not the one that ``planner`` planned again.

    Not ``complete``: a detector is not installed, and what it alone asked for is left as it is.
    """
    sealed = {each.request: each for each in plan.served}
    refused = {each.request: each for each in plan.not_planned}
    for not_planned in planner.not_planned:
        if not_planned.request in sealed:
            raise wrong_plan(f"{not_planned.request} is served, and it cannot be: {not_planned.reason}")
        _compare(not_planned.request, refused.get(not_planned.request), not_planned)
    for served in planner.served:
        found = sealed.get(served.request)
        free = served.request.removesuffix("/again") in _served_absent(planner)
        if found is not None and free and _is_within(served.differences, found.differences):
            served = replace(served, differences=found.differences)
        _compare(served.request, found, served)
    _check_measurements(plan, planner, complete=complete)
    if complete:
        _check_tasks(plan, planner)
        _check_none_beside("served", plan.served, planner.served)
        _check_none_beside("not_planned", plan.not_planned, planner.not_planned)


def absent_tasks(planner: SealedPlanner) -> dict[str, tuple[str, ...]]:
    """By task that is not here, the measurements that rest on it, and requests that were refused."""
    measured = {each.request: each.reads.measurement for each in planner.served}
    return {
        task: tuple(dict.fromkeys(measured.get(request, request) for request in requests))
        for task, requests in planner.source.absent.items()
    }


def accusing_as_sealed(plan: Plan, planner: SealedPlanner) -> tuple[str, ...]:
    """The measurements of claims that state other shots than the plan shows, and may be accused all the same.

    Only where the task is not here: the text of its prompt format may show the examples that are stated.
    """
    absent = _served_absent(planner)
    return tuple(
        served.reads.measurement
        for served in plan.served
        if served.request in absent and not served.confirms_only and not _shows_stated(plan, served)
    )


def _shows_stated(plan: Plan, served: Served) -> bool:
    number, claims = served.claim_number, plan.sheet.claims if plan.sheet else ()
    if number is None or number >= len(claims):
        return True
    shots = plan.by_id[served.reads.measurement].shots
    return RequestedProtocol.of_claim(claims[number]).stated_shots.are({shots})


def with_versions(plan: Plan, error: VerificationError) -> VerificationError:
    """The error, with both versions where another one planned: its tasks may have been others."""
    if plan.software == software():
        return error
    sealed = one_line(plan.software, 40)
    return VerificationError(f"{error} (sealed by {sealed}, this is {software()}: their tasks or rules may differ)")


def _check_measurements(plan: Plan, planner: SealedPlanner, *, complete: bool) -> None:
    by_id = plan.by_id
    drafts = [draft.measurement for draft in planner.drafts.values()]
    for number, derived in enumerate(drafts):
        sealed = by_id[derived.id]
        left_out = OF_THE_ORDER | GIVEN
        if complete:
            derived = replace(derived, id=measurement_id(number, derived.task))
        elif set(derived.scorers) <= set(sealed.scorers):
            left_out |= OF_THE_FIRST
        _compare(sealed.id, sealed, derived, left_out)
    if complete and [each.id for each in plan.measurements] != [each.id for each in drafts]:
        known = {each.id for each in drafts}
        beside = next((each.id for each in plan.measurements if each.id not in known), "")
        raise wrong_plan(
            f"{beside} is measured for no request" if beside else "measurements are not in planning's order"
        )


def _check_tasks(plan: Plan, planner: SealedPlanner) -> None:
    """Each task is named once, with where it comes from; another version's distribution may be another version."""
    for name in sorted(plan.tasks.keys() | planner.tasks.keys()):
        sealed, derived = plan.tasks.get(name), planner.tasks.get(name)
        if sealed is None or derived is None:
            raise wrong_plan(f"tasks: {name[:80]!r} is {'missing' if sealed is None else 'asked by nothing'}")
        of_ours = plan.software.split(" ")[0] == sealed.split(" ")[0]
        if sealed.split(" ")[0] != derived.split(" ")[0] or (of_ours and sealed != plan.software):
            raise wrong_plan(f"tasks: {name[:80]!r} is said to come from {sealed[:80]!r}, and {derived!r} has it")


def _check_none_beside(
    name: str, sealed: Sequence[Served | NotPlanned], derived: Sequence[Served | NotPlanned]
) -> None:
    asked = [each.request for each in derived]
    if unknown := [each.request for each in sealed if each.request not in set(asked)]:
        raise wrong_plan(f"the request {min(unknown)[:80]} belongs to no test")
    if [each.request for each in sealed] != asked:
        raise wrong_plan(f"{name}: requests are not in the order in which detectors make them")


def _compare(place: str, sealed: Record | None, derived: Record, left_out: Iterable[str] = ()) -> None:
    if sealed is None:
        raise wrong_plan(f"nothing is planned for {place}, and no reason is given")
    for name in derived.__struct_fields__:
        was, now = getattr(sealed, name), getattr(derived, name)
        if was != now and name not in left_out:
            was, now = one_line(str(was), 160), one_line(str(now), 160)
            raise wrong_plan(f"{place}: {name} is {was!r}, and {now!r} follows from claim, task and model")


def _served_absent(planner: SealedPlanner) -> set[str]:
    return {request for requests in planner.source.absent.values() for request in requests}


def _is_within(derived: Sequence[str], sealed: Sequence[str]) -> bool:
    """Whether sentences stand in this order among others: those that only a task's file could show."""
    rest = iter(sealed)
    return all(sentence in rest for sentence in derived)
