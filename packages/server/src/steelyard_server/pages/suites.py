"""*Suites* of a project: what there is, who may and who did see it, and its review put into files.

The page of a suite says that it is there, and how large, to every member of its project; its items are for those that
its ``suite.yaml`` names as readers, where it names any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steelyard.errors import InputError
from steelyard_server.access.callers import Role
from steelyard_server.http.addresses import run_path, suite_path, suites_path
from steelyard_server.pages.words import bytes_in_words, moment
from steelyard_server.suites.exposure import exposure_lines, exposure_of, note_views, runs_of, seen_by_runs, viewers_of
from steelyard_server.suites.intake import Additions
from steelyard_server.suites.reading import may_read
from steelyard_server.web.files import contents_reply, download_reply
from steelyard_server.web.render import missing_page, page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.suites.rows import SuiteRow
    from steelyard_server.web.call import Call

__all__ = ["do_apply", "find_suite", "is_reader", "send_archive", "send_review", "show_suite", "show_suites"]

_ITEMS: Final = 100  # of a list
_MOST: Final = 10**9  # of what a place may be in the database
_LAST_RUN: Final = 2**62


def show_suites(call: Call) -> Response:
    """The suites of a project, by name."""
    project, found = call.membership.project, call.platform.suites.listed(call.membership.project_id)
    has_readers = any(each.summary.readers for each in found)
    keys = call.platform.reader_keys.confirmed(call.caller.person) if has_readers else frozenset()
    return page(
        call,
        "suites.html.j2",
        project=project,
        suites=[{**_shown(each, project), "is_reader": may_read(each.summary.readers, keys)} for each in found],
        address=call.platform.settings.base_url,
        is_editor=call.membership.role.reaches(Role.EDITOR),
    )


def show_suite(call: Call) -> Response:
    """One suite."""
    suite = find_suite(call)
    return missing_page(call) if suite is None else _suite_page(call, suite)


def do_apply(call: Call) -> Response:
    """Put what was decided into the suite's files: another version of it, here."""
    from starlette.responses import RedirectResponse

    suite = find_suite(call)
    if suite is None:
        return missing_page(call)
    if not is_reader(call, suite):
        return _suite_page(call, suite, 403, "only readers of this suite change it")
    project = call.membership.project_id
    lines, last = call.platform.suite_decisions.lines(project, suite)
    try:
        if not lines:
            raise InputError("nothing was decided since the last version")
        seen = exposure_lines(call.platform.pool, suite, project)
        more = Additions(review=lines, reviewed_to=last, exposures=seen)
        call.platform.suite_intake.apply(suite, project, more, call.caller, call.facts)
    except InputError as error:
        return _suite_page(call, suite, 400, str(error))
    return RedirectResponse(suite_path(call.membership.project, suite.name), 303)


def send_archive(call: Call) -> Response:
    """The last version's files as tar.gz; whoever takes them has seen every item."""
    suite = find_suite(call)
    if suite is None:
        return missing_page(call)
    if not is_reader(call, suite):
        return _suite_page(call, suite, 403, "only readers of this suite see its items")
    with call.platform.pool.connection() as connection:
        note_views(connection, suite.id, call.caller.person)
    files = ((f"{suite.name}/{each.name}", each.content) for each in call.platform.suites.files(suite.id))
    return contents_reply(f"{suite.name}-{suite.number}", files)


def send_review(call: Call) -> Response:
    """What counts now, as the file that ``steelyard suite review FOLDER --apply`` takes."""
    suite = find_suite(call)
    if suite is None:
        return missing_page(call)
    if not is_reader(call, suite):
        return _suite_page(call, suite, 403, "only readers of this suite see what was decided about its items")
    data = call.platform.suite_decisions.saved(call.membership.project_id, suite)
    return download_reply(data, f"review-{suite.name}.json")


def find_suite(call: Call) -> SuiteRow | None:
    """The last version of the suite that the address names."""
    return call.platform.suites.current(call.membership.project_id, call.path("name")[:100])


def is_reader(call: Call, suite: SuiteRow) -> bool:
    """Whether the caller, a member of the project, may see the items."""
    readers = suite.summary.readers
    return not readers or may_read(readers, call.platform.reader_keys.confirmed(call.caller.person))


def _suite_page(call: Call, suite: SuiteRow, status: int = 200, problem: str = "") -> Response:
    project, platform = call.membership, call.platform
    before = min(int(typed) if (typed := call.query("runs", 20)).isdecimal() else 0, _LAST_RUN)
    runs, is_more = runs_of(platform.pool, project.project_id, suite.digest, before)
    review = platform.suite_decisions.review_state(suite)
    reader = is_reader(call, suite)
    first = min(max(int(after) if (after := call.query("from", 10)).isdecimal() else 1, 1), _MOST)
    address = suite_path(project.project, suite.name)
    listed = platform.suite_decisions.states(project.project_id, suite, first, _ITEMS) if reader else []
    return page(
        call,
        "suite.html.j2",
        status,
        problem=problem,
        project=project.project,
        list_address=suites_path(project.project),
        address=address,
        suite=suite,
        about=suite.summary,
        shown=_shown(suite, project.project),
        is_reader=reader,
        is_editor=project.role.reaches(Role.EDITOR),
        exposure=exposure_of(suite, seen_by_runs(platform.pool, project.project_id, suite.digest)),
        viewers=[{"name": each.name, "item_count": each.items, "last": moment(each.last)} for each in viewers_of(
            platform.pool, suite.id)],
        runs=[
            {"address": run_path(project.project, each.seal), "subject": each.subject, "at": moment(each.pushed_at),
             "recipient": each.recipient, "item_count": each.items}
            for each in runs
        ],
        older_runs=f"{address}?runs={runs[-1].id}#h-seen" if is_more else "",
        newest_runs=f"{address}#h-seen" if before else "",
        readers=_readers(call, suite),
        reviewed=review.reviewed,
        pending=review.pending,
        next_open=review.next_open,
        states=[{"state": each, "address": f"{address}/items/{each.place}"} for each in listed],
        earlier=f"{address}?from={max(1, first - _ITEMS)}#h-items" if first > 1 else "",
        later=f"{address}?from={first + _ITEMS}#h-items" if first + _ITEMS <= suite.items else "",
        versions=[
            {"version": each, "at": moment(each.brought_at), "is_made": bool(each.made_of)}
            for each in platform.suites.versions(project.project_id, suite.name)
        ],
    )  # fmt: skip


def _readers(call: Call, suite: SuiteRow) -> list[dict[str, str]]:
    """The readers' keys that the suite names, each with who showed here that it is theirs."""
    if not suite.summary.readers:
        return []
    owners = call.platform.reader_keys.owners(suite.summary.readers)
    return [{"key": each, "people": ", ".join(owners.get(each, ()))} for each in suite.summary.readers]


def _shown(suite: SuiteRow, project: str) -> dict[str, Any]:
    return {
        "name": suite.name,
        "number": suite.number,
        "label": suite.label,
        "address": suite_path(project, suite.name),
        "item_count": suite.items,
        "about": suite.summary.about,
        "digest": suite.digest,
        "size": bytes_in_words(suite.size),
        "by": suite.brought_by,
        "token": suite.token,
        "at": moment(suite.brought_at),
        "is_made": bool(suite.made_of),
        "categories": suite.summary.categories,
    }
