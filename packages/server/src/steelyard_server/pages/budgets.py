"""*Budgets* of a project, for its admins: what its jobs may spend in a month, and what they spent in this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError
from steelyard_server.access.callers import Role
from steelyard_server.access.deciders import in_words, people_reaching
from steelyard_server.database.reading import reading
from steelyard_server.http.addresses import budgets_path
from steelyard_server.jobs import acts, thresholds
from steelyard_server.jobs.membership import Missing, Refused
from steelyard_server.pages.words import moment, money_in_words
from steelyard_server.web.render import missing_page, page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.jobs.budgets import BudgetRow
    from steelyard_server.jobs.thresholds import Threshold, WaitingChange
    from steelyard_server.web.call import Call

__all__ = [
    "do_approve_threshold",
    "do_change",
    "do_change_threshold",
    "do_refuse_threshold",
    "left_in_words",
    "read_amounts",
    "show_budgets",
    "threshold_in_words",
]


def show_budgets(call: Call) -> Response:
    """The budgets, and the form that sets one."""
    return _page(call)


def do_change(call: Call) -> Response:
    """Set a budget at one endpoint, or at all together; without an amount there is no limit."""
    from starlette.responses import RedirectResponse

    try:
        cost, tokens = read_amounts(call.field("cost", 40), call.field("tokens", 40))
        with call.platform.pool.connection() as connection:
            acts.change_budget(
                connection, call.caller, call.membership.project, call.form.get("endpoint", "")[:80], call.facts,
                cost=cost, tokens=tokens,
            )  # fmt: skip
    except InputError as error:
        return _page(call, 400, problem=str(error), typed=call.form)
    return RedirectResponse(budgets_path(call.membership.project), 303)


def do_change_threshold(call: Call) -> Response:
    """Set above which amount a job needs a second person, or ask another admin for it; without an amount none does."""
    from starlette.responses import RedirectResponse

    project = call.membership.project
    try:
        cost, tokens = read_amounts(call.field("cost", 40), call.field("tokens", 40))
        with call.platform.pool.connection() as connection:
            thresholds.change_threshold(connection, call.caller, project, call.facts, cost=cost, tokens=tokens)
    except InputError as error:
        return _page(call, 400, threshold_problem=str(error), threshold_typed=call.form)
    return RedirectResponse(budgets_path(project), 303)


def do_approve_threshold(call: Call) -> Response:
    """Let the threshold be what another admin asked for."""
    return _decide(call, is_approved=True)


def do_refuse_threshold(call: Call) -> Response:
    """Leave it as it is; whoever asked takes it back so."""
    return _decide(call, is_approved=False)


def _decide(call: Call, *, is_approved: bool) -> Response:
    from starlette.responses import RedirectResponse

    project = call.membership.project
    try:
        with call.platform.pool.connection() as connection:
            is_decided = thresholds.decide_threshold(
                connection, call.caller, project, call.number("change"), call.facts, is_approved=is_approved
            )
    except Missing:
        return missing_page(call)
    except Refused as error:
        return _page(call, 403, threshold_problem=str(error))
    if not is_decided:
        return _page(call, 409, threshold_problem="somebody has decided about this threshold, or asked for another one")
    return RedirectResponse(f"{budgets_path(project)}#h-approval", 303)


def read_amounts(cost: str, tokens: str) -> tuple[Decimal | None, int | None]:
    """Money and tokens as they are typed, None for an empty field; raises InputError for what is no such number."""
    try:
        money = Decimal(cost) if cost else None
    except InvalidOperation:
        money = Decimal("nan")
    if money is not None and not (cost.isascii() and money.is_finite() and 0 <= money <= 10**12 and len(cost) <= 20):
        raise InputError("money is a number from 0 on with a decimal point, such as 25.50, or nothing for no limit")
    plain = tokens.replace(",", "").replace(" ", "")
    if plain and not (plain.isascii() and plain.isdigit() and len(plain) <= 15):
        raise InputError("tokens are a whole number from 0 on, such as 2,000,000, or nothing for no limit")
    return money, int(plain) if plain else None


def left_in_words(budgets: Iterable[BudgetRow], endpoint: str, cost: float | None, tokens: int) -> list[str]:
    """What is left this month of each budget that a job at this endpoint is held to; nothing for the built-in model.

    Beside what it takes at most: ``cost`` at the list's prices, None where there are none, and ``tokens``.
    """
    found = []
    for each in budgets:
        if not endpoint or each.endpoint.casefold() not in ("", endpoint.casefold()):
            continue
        place = f"at {each.endpoint}" if each.endpoint else "at all endpoints"
        if each.cost is not None:
            left = max(Decimal(0), each.cost - each.spent_cost - each.reserved_cost)
            amounts = f"{money_in_words(left)} of {money_in_words(each.cost)}"
            found.append(_left(place, amounts, is_less=cost is not None and left < Decimal(cost)))
        if each.tokens is not None:
            room = max(0, each.tokens - int(each.spent_tokens) - int(each.reserved_tokens))
            found.append(_left(place, f"{room:,} of {each.tokens:,} tokens", is_less=room < tokens))
    return found


def _left(place: str, amounts: str, *, is_less: bool) -> str:
    less = "; this test may take more, and waits then until there is room" if is_less else ""
    return f"Left of this month’s budget {place}: {amounts}{less}."


def _page(
    call: Call,
    status: int = 200,
    *,
    problem: str = "",
    typed: Mapping[str, str] | None = None,
    threshold_problem: str = "",
    threshold_typed: Mapping[str, str] | None = None,
) -> Response:
    project = call.membership.project
    with reading(call.platform.pool) as connection:
        found = acts.budgets_shown(connection, call.caller, project)
        threshold = thresholds.threshold_shown(connection, call.caller, project)
        waiting = thresholds.waiting_change(connection, call.caller, project)
        others = people_reaching(
            connection, call.membership.project_id, Role.ADMIN, call.platform.issuer,
            without=waiting.asked_by if waiting else call.caller.person,
        )  # fmt: skip
    given = typed or {}
    now = {
        "cost": "" if threshold.cost is None else f"{threshold.cost:f}",
        "tokens": "" if threshold.tokens is None else f"{threshold.tokens:,}",
    }
    return page(
        call,
        "budgets.html.j2",
        status,
        problem=problem,
        project=project,
        address=budgets_path(project),
        budgets=[_shown(each) for each in found],
        endpoints=[each.name for each in call.platform.endpoints.all() if each.retired_at is None],
        typed={name: given.get(name, "") for name in ("endpoint", "cost", "tokens")},
        threshold={name: (threshold_typed or now).get(name, "") for name in now},
        has_threshold=any(now.values()),
        threshold_problem=threshold_problem,
        waiting=_shown_change(call, waiting) if waiting else None,
        others=in_words(others),
    )


def threshold_in_words(threshold: Threshold) -> str:
    """``10.00``, ``10.00 or 2,000 tokens``, ``no threshold``."""
    parts = [
        *([] if threshold.cost is None else [money_in_words(threshold.cost)]),
        *([] if threshold.tokens is None else [f"{threshold.tokens:,} tokens"]),
    ]
    return " or ".join(parts) or "no threshold"


def _shown_change(call: Call, change: WaitingChange) -> dict[str, Any]:
    return {
        "id": change.id,
        "asked": threshold_in_words(change.asked),
        "before": threshold_in_words(change.before),
        "by": change.name,
        "at": moment(change.asked_at),
        "is_mine": change.asked_by == call.caller.person,
    }


def _shown(row: BudgetRow) -> dict[str, Any]:
    """Each limit with what is used of it."""
    return {
        "endpoint": row.endpoint,
        "cost": "" if row.cost is None else money_in_words(row.cost),
        "spent_cost": money_in_words(row.spent_cost),
        "reserved_cost": money_in_words(row.reserved_cost) if row.reserved_cost else "",
        "tokens": "" if row.tokens is None else f"{row.tokens:,}",
        "spent_tokens": f"{int(row.spent_tokens):,}",
        "reserved_tokens": f"{int(row.reserved_tokens):,}" if row.reserved_tokens else "",
    }
