"""Labels for a judge: answers that people of a suite label one at a time, blind to each other, and the judge's figures.

What a judge said of an answer is not in a set, and nobody sees another one's labels: how many there are is all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard.judging.labels import MIN_LABELS
from steelyard.reports.review_page import LONGEST, item_to_label
from steelyard.util.text import one_line, printable
from steelyard_server.access.callers import Role
from steelyard_server.http.addresses import run_path, suite_path
from steelyard_server.pages.suites import find_suite, is_reader
from steelyard_server.pages.words import moment
from steelyard_server.runs.folders import incoming_folder
from steelyard_server.runs.received import received_folder
from steelyard_server.runs.rows import Filters
from steelyard_server.suites.label_sets import MAX_ANSWERS, LabelSet, read_label_file
from steelyard_server.suites.rows import SuiteRow
from steelyard_server.web.files import download_reply
from steelyard_server.web.render import missing_page, page, problem_page

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.responses import Response

    from steelyard_server.suites.calibrating import JudgeFigures
    from steelyard_server.web.call import Call

__all__ = [
    "BODY_PATH",
    "MAX_BODY",
    "do_bring_answers",
    "do_calibrate",
    "do_label",
    "send_labels",
    "show_answer",
    "show_label_set",
    "show_label_sets",
]

BODY_PATH: Final = re.compile(r"/p/[^/]+/suites/[^/]+/labels")
MAX_BODY: Final = 8 << 20
_MAX_TEXT: Final = 4_000_000  # characters that are pasted
_RUNS: Final = 50


def show_label_sets(call: Call) -> Response:
    """The sets of a suite, and the form that takes another."""
    suite = _suite(call)
    return _sets_page(call, suite) if isinstance(suite, SuiteRow) else suite


def do_bring_answers(call: Call) -> Response:
    """Take a file of answers that was pasted."""
    from starlette.responses import RedirectResponse

    suite = _suite(call)
    if not isinstance(suite, SuiteRow):
        return suite
    text, title = call.form.get("answers", ""), call.field("title", 100)
    try:
        if not title:
            raise InputError("give the set a name, such as the judge's run")
        if not text.strip() or len(text) > _MAX_TEXT:
            raise InputError(f"paste the file of answers: at most {_MAX_TEXT:,} characters")
        with incoming_folder(call.platform.data) as folder:
            path = folder / "answers.jsonl"
            path.write_bytes(text.replace("\r\n", "\n").encode("utf-8", "replace"))
            try:
                answers = read_label_file(path)
            except InputError as error:
                raise InputError(str(error).replace(f"{path}", "answers")) from None
    except InputError as error:
        return _sets_page(call, suite, 400, str(error))
    made = call.platform.label_sets.add(call.membership.project_id, suite.name, title, answers, call.caller, call.facts)
    return RedirectResponse(f"{_address(call, suite)}/{made}", 303)


def show_label_set(call: Call) -> Response:
    """One set: how far everybody is, and what holds a judge against it."""
    found = _set(call)
    return _set_page(call, *found) if isinstance(found, tuple) else found


def do_calibrate(call: Call) -> Response:
    """A judge's figures by the labels of a set."""
    found = _set(call)
    if not isinstance(found, tuple):
        return found
    row = call.platform.runs.find(call.membership.project_id, call.field("run", 64))
    try:
        if row is None:
            raise InputError("choose the run of a judge")
        folder = received_folder(call.platform.data, row)
        figures, people = call.platform.judges.figures(folder, found[1].id)
    except InputError as error:
        return _set_page(call, *found, 400, problem=str(error))
    return _set_page(
        call, *found, figures=figures, people=people, judge=run_path(call.membership.project, row.listed.seal)
    )


def send_labels(call: Call) -> Response:
    """One's own labels, as the file that the page of ``steelyard suite review --labels`` saves."""
    found = _set(call)
    if not isinstance(found, tuple):
        return found
    data = call.platform.label_sets.saved(found[1].id, call.caller.person, one_line(call.caller.name, 80))
    return download_reply(data, f"labels-{found[1].id}.jsonl")


def show_answer(call: Call) -> Response:
    """One answer, with one's own label."""
    found = _set(call)
    return _answer_page(call, *found) if isinstance(found, tuple) else found


def do_label(call: Call) -> Response:
    """Put a label on record, and show the next answer that has none of the caller's."""
    from starlette.responses import RedirectResponse

    found = _set(call)
    if not isinstance(found, tuple):
        return found
    suite, labels = found
    place, sets = call.number("number"), call.platform.label_sets
    if not 1 <= place <= labels.answers:
        return missing_page(call)
    try:
        sets.label(labels.id, place, call.field("label", 10), call.caller, call.facts)
    except InputError as error:
        return _answer_page(call, suite, labels, 400, str(error))
    after = _next(labels, sets.of_person(labels.id, call.caller.person), place)
    address = f"{_address(call, suite)}/{labels.id}"
    return RedirectResponse(f"{address}/{after}" if after else address, 303)


def _next(labels: LabelSet, given: Collection[int], place: int = 0) -> int:
    """The next answer without a label after a place, or from the beginning; 0 where all have one."""
    left = [each for each in range(1, labels.answers + 1) if each not in given]
    return next((each for each in left if each > place), next(iter(left), 0))


def _suite(call: Call) -> SuiteRow | Response:
    """The suite that the address names, for its readers; else the page that says why not."""
    suite = find_suite(call)
    if suite is None:
        return missing_page(call)
    if not is_reader(call, suite):
        return problem_page(call, 403, "labels of this suite are for the readers that its suite.yaml names")
    return suite


def _set(call: Call) -> tuple[SuiteRow, LabelSet] | Response:
    suite = _suite(call)
    if not isinstance(suite, SuiteRow):
        return suite
    found = call.platform.label_sets.find(call.membership.project_id, suite.name, call.number("set"))
    return missing_page(call) if found is None else (suite, found)


def _address(call: Call, suite: SuiteRow) -> str:
    return f"{suite_path(call.membership.project, suite.name)}/labels"


def _sets_page(call: Call, suite: SuiteRow, status: int = 200, problem: str = "") -> Response:
    address = _address(call, suite)
    return page(
        call,
        "suite_labels.html.j2",
        status,
        problem=problem,
        suite=suite,
        suite_address=suite_path(call.membership.project, suite.name),
        path=address,
        is_editor=call.membership.role.reaches(Role.EDITOR),
        most=MAX_ANSWERS,
        title=call.field("title", 100) if problem else "",
        sets=[
            {"address": f"{address}/{each.id}", "title": each.title, "answers": each.answers, "by": each.brought_by,
             "at": moment(each.brought_at)}
            for each in call.platform.label_sets.listed(call.membership.project_id, suite.name)
        ],
    )  # fmt: skip


def _set_page(
    call: Call,
    suite: SuiteRow,
    labels: LabelSet,
    status: int = 200,
    *,
    problem: str = "",
    figures: tuple[JudgeFigures, ...] = (),
    people: list[str] | None = None,
    judge: str = "",
) -> Response:
    sets, address = call.platform.label_sets, f"{_address(call, suite)}/{labels.id}"
    mine = sets.of_person(labels.id, call.caller.person)
    runs, _ = call.platform.runs.page(call.membership.project_id, Filters(kind="run"), _RUNS)
    return page(
        call,
        "label_set.html.j2",
        status,
        problem=problem,
        suite=suite,
        list_address=_address(call, suite),
        path=address,
        labels=labels,
        brought=moment(labels.brought_at),
        is_editor=call.membership.role.reaches(Role.EDITOR),
        mine=len(mine),
        next_open=_next(labels, mine),
        labellers=sets.labellers(labels.id),
        runs=[
            {"seal": each.seal, "words": f"{each.subject}, {moment(each.pushed_at)}, {each.headline}"} for each in runs
        ],
        least=MIN_LABELS,
        figures=figures,
        people=people or [],
        judge=judge,
    )


def _answer_page(call: Call, suite: SuiteRow, labels: LabelSet, status: int = 200, problem: str = "") -> Response:
    sets, place = call.platform.label_sets, call.number("number")
    answer = sets.answer(labels.id, place)
    if answer is None:
        return missing_page(call)
    address = f"{_address(call, suite)}/{labels.id}"
    return page(
        call,
        "label.html.j2",
        status,
        problem=problem,
        labels=labels,
        place=place,
        set_address=address,
        path=f"{address}/{place}",
        texts=[(name, printable(text, LONGEST)) for name, text in item_to_label(answer).texts],
        mine=sets.of_person(labels.id, call.caller.person).get(place, ""),
        is_editor=call.membership.role.reaches(Role.EDITOR),
        previous=f"{address}/{place - 1}" if place > 1 else "",
        next=f"{address}/{place + 1}" if place < labels.answers else "",
    )
