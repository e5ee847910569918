"""*Claims* of a project: a vendor's table is pasted, screened at once by arithmetic, and tested by a job.

What a test takes at most is said before the button that starts it. Whatever is wrong is a line beside the form, which
keeps what was typed. What is pasted is read again at each step: nothing of it is kept until there is a job.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from steelyard.auditing.desk import screen_sheet
from steelyard.errors import InputError, StorageError
from steelyard.reports.words import about_time, claim_words, counted, remark
from steelyard_server.access.callers import Role
from steelyard_server.database.reading import reading
from steelyard_server.http.addresses import claims_path, job_path, runs_path
from steelyard_server.jobs import acts
from steelyard_server.jobs.dry_run import DryRunEnded
from steelyard_server.jobs.messages import of_the_server
from steelyard_server.jobs.pasted_questions import are_lines
from steelyard_server.jobs.specification import BUILT_IN, Resumption
from steelyard_server.pages.budgets import left_in_words
from steelyard_server.pages.costs import verdict_cost
from steelyard_server.pages.runs import shown_run
from steelyard_server.pages.words import money_in_words
from steelyard_server.runs.costs import taken_of
from steelyard_server.runs.rows import Filters
from steelyard_server.web.render import page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard.records import ClaimSheet
    from steelyard_server.jobs.dry_run_process import Figure, Figures
    from steelyard_server.jobs.specification import Specification
    from steelyard_server.web.call import Call

__all__ = ["BODY_PATH", "MAX_BODY", "do_screen", "do_test", "show_claims"]

MAX_BODY: Final = 2 << 20  # bytes of a form, in which most signs of a table take three
BODY_PATH: Final = re.compile(r"/p/[^/]+/claims(/test)?")
_MOST_CLAIMS: Final = 300
_MOST_MODELS: Final = 1_000
_MOST_REMARKS: Final = 100


@dataclass(frozen=True)
class _Typed:
    """The fields of the form. ``choice`` is an endpoint's number and its model, "" for the arithmetic alone."""

    sheet: str = ""
    name: str = ""
    choice: str = ""
    limit: str = ""
    tolerance: str = ""
    task: str = ""
    questions: str = ""


def show_claims(call: Call) -> Response:
    """The form, for whoever may start a test, and the audits that there are."""
    return _form_page(call, _Typed())


def do_screen(call: Call) -> Response:
    """Screen a sheet by arithmetic; where a model is chosen, say what its test takes at most."""
    typed = _typed(call)
    if call.form.get("act") == "edit":
        return _form_page(call, typed)
    try:
        sheet, text = _read(call, typed)
    except InputError as error:
        return _form_page(call, typed, 400, problem=_of_this_page(str(error)))
    screened = _screened(sheet)
    if not typed.choice:
        return _form_page(call, typed, screened=screened)
    try:
        asked = _asked(call, typed, text)
        figures = _foresee(call, asked)
        with call.platform.pool.connection() as connection:
            budgets = acts.budgets_shown(connection, call.caller, call.membership.project)
    except (InputError, StorageError) as error:
        return _form_page(call, typed, 400, problem=of_the_server(str(error)), screened=screened)
    return page(
        call,
        "claims_test.html.j2",
        project=call.membership.project,
        address=claims_path(call.membership.project),
        typed=typed,
        text=text,
        screened=screened,
        model=_in_words(call, typed.choice),
        left=left_in_words(
            budgets,
            "" if isinstance(asked, Resumption) else asked.endpoint,
            figures.cost,
            figures.prompt_tokens + figures.completion_tokens,
        ),
        **_shown_figures(figures, typed.limit),
    )


def do_test(call: Call) -> Response:
    """Add the job that tests what was pasted."""
    from starlette.responses import RedirectResponse

    typed = _typed(call)
    try:
        _, text = _read(call, typed)
        asked = _asked(call, typed, text)
        with call.platform.pool.connection() as connection:
            job = acts.add_job(connection, call.caller, call.membership.project, asked, call.facts)
    except InputError as error:
        return _form_page(call, typed, 400, problem=str(error))
    return RedirectResponse(job_path(call.membership.project, job), 303)


def _of_this_page(problem: str) -> str:
    """What is wrong with a table, by the name of a field and not by that of an option."""
    said = problem.replace("name one with --model:", "name one under 'Model in the table':")
    return re.sub(r"--model (?=['\"])", "the model ", said)


def _typed(call: Call) -> _Typed:
    return _Typed(
        sheet=call.form.get("sheet", ""),
        name=call.field("name", 200),
        choice=call.form.get("choice", "")[:300],
        limit=call.field("limit", 12),
        tolerance=call.field("tolerance", 12),
        task=call.field("task", 40),
        questions=call.form.get("questions", ""),
    )


def _read(call: Call, typed: _Typed) -> tuple[ClaimSheet, str]:
    pasted = len(typed.sheet) + (0 if are_lines(typed.questions) else len(typed.questions))
    wait = call.platform.sheet_limit.seconds_to_wait(call.caller.person or 0, pasted)
    if wait:
        raise InputError(f"that is a lot to read in one minute: try again in {wait:.0f} seconds")
    sheet, text = call.platform.pasting.read(typed.sheet, typed.name, typed.task)
    if len(sheet.claims) > _MOST_CLAIMS:
        raise InputError(
            f"the sheet has {counted(len(sheet.claims), 'claim')}, and this page takes {_MOST_CLAIMS}: use the command "
            "line, steelyard screen and steelyard audit"
        )
    return sheet, text


def _asked(call: Call, typed: _Typed, text: str) -> Specification:
    """The audit that the form asks for; raises InputError for a field that is none."""
    number, _, model = typed.choice.partition("/")
    endpoint = ""
    if number != "0":
        is_number = number.isascii() and number.isdigit() and len(number) < 19
        found = call.platform.endpoints.find(int(number)) if is_number else None
        if found is None:
            raise InputError("choose a model of the list")
        endpoint = found.name
    options: dict[str, Any] = {}
    if typed.limit:
        if not (typed.limit.isascii() and typed.limit.isdigit()):
            raise InputError("the most samples of a claim are a whole number, in digits alone")
        options["limit"] = int(typed.limit)
    if typed.tolerance:
        options["tolerance"] = typed.tolerance
    if typed.questions.strip():
        options["questions"] = {typed.task: call.platform.pasting.questions(typed.questions)}
    return acts.audit_asked(text, endpoint, model, options)


def _foresee(call: Call, asked: Specification) -> Figures:
    """A dry run takes up to two minutes, so it has a connection of its own; whoever starts another one ends it."""
    platform = call.platform
    with platform.database.connect() as connection:
        connection.autocommit = True
        try:
            return acts.foresee(
                connection, call.caller, call.membership.project, asked, call.facts, database=platform.database,
                data=platform.data, takes_over=True,
            )  # fmt: skip
        except DryRunEnded:
            platform.log.write(
                "warning", "a dry run took too long and was ended", request=call.facts.request_id,
                project=call.membership.project,
            )  # fmt: skip
            raise


# ── what is shown ───────────────────────────────────────────────────────────────────────────────────────────────────


def _form_page(
    call: Call, typed: _Typed, status: int = 200, *, problem: str = "", screened: dict[str, Any] | None = None
) -> Response:
    project = call.membership
    found, is_more = call.platform.runs.page(project.project_id, Filters(kind="audit"))
    with reading(call.platform.pool) as connection:
        taken = taken_of(connection, [each.id for each in found])
    may_start = project.role.reaches(Role.RUNNER)
    return page(
        call,
        "claims.html.j2",
        status,
        problem=problem,
        project=project.project,
        address=claims_path(project.project),
        audits=f"{runs_path(project.project)}?kind=audit",
        runs=[{**shown_run(each), "verdict_price": verdict_cost(taken[each.id])} for each in found],
        is_more=is_more,
        may_start=may_start,
        typed=typed,
        models=_models(call) if may_start else [],
        screened=screened,
    )


def _models(call: Call) -> list[tuple[str, str]]:
    """What can be tested: each model of each endpoint in use, by the value of its choice, and the one built in."""
    found = [
        (f"{endpoint.id}/{model}", f"{model} at {endpoint.name}")
        for endpoint in call.platform.endpoints.all()
        if endpoint.retired_at is None
        for model in endpoint.models
    ]
    return [*found[:_MOST_MODELS], (f"0/{BUILT_IN}", "the small model that is built in, to try this page")]


def _in_words(call: Call, choice: str) -> str:
    return dict(_models(call)).get(choice, choice.partition("/")[2])


def _screened(sheet: ClaimSheet) -> dict[str, Any]:
    """What arithmetic alone says of a sheet."""
    verdict = screen_sheet(sheet)
    accused = {record for finding in verdict.findings for record in finding.records}
    rows = [
        {"words": claim_words(each), "samples": claim.samples, "is_accused": f"claims[{number}]" in accused,
         "detail": "; ".join(filter(None, (claim.metric, claim.variant, claim.protocol.prompt)))}
        for number, (claim, each) in enumerate(zip(sheet.claims, verdict.claims, strict=True))
    ]  # fmt: skip
    return {
        "model": sheet.model,
        "rows": rows,
        "findings": [remark(each, 1000) for each in verdict.findings[:_MOST_REMARKS]],
        "notes": [remark(each, 1000) for each in verdict.notes[:_MOST_REMARKS]],
        "footnotes": (*sheet.origin, *sheet.footnotes)[:20],
        "left": max(0, len(verdict.findings) - _MOST_REMARKS) + max(0, len(verdict.notes) - _MOST_REMARKS),
    }


def _beyond(row: Figure, limit: str) -> str:
    """What a decision is beyond if the claim holds: the limit that was typed, or the questions that there are."""
    if row.if_true is None or row.if_true <= min(row.calls, int(limit or row.calls)):
        return ""
    return "your limit" if limit else "the questions that there are"


def _shown_figures(figures: Figures, limit: str) -> dict[str, Any]:
    rows = [
        {"row": each, "time": about_time(each.seconds), "cost": _money(each.cost), "beyond": _beyond(each, limit)}
        for each in figures.rows
    ]
    asked = {each.task for each in figures.rows}
    return {
        "rows": rows,
        "calls": figures.calls,
        "tokens": figures.prompt_tokens + figures.completion_tokens,
        "time": about_time(figures.seconds),
        "cost": _money(figures.cost),
        "skipped": [
            (f"a further test of {task}" if task in asked else task, word.replace("_", " "), of_the_server(reason))
            for task, word, reason in figures.skipped
        ],
        "assumptions": figures.assumptions,
        "needs_approval": figures.needs_approval,
    }


def _money(cost: float | None) -> str:
    return "" if cost is None else money_in_words(cost)
