"""*Compare*: runs of a project on the same samples, by the functions of ``steelyard compare`` and its sister commands.

The first address lists which runs asked the same. One that names runs shows their comparison, which is computed in a
process of its own: here numbers become words, and a drawing.
"""

from __future__ import annotations

import math
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from msgspec.structs import replace

from steelyard.comparison import portfolio_words, words
from steelyard.comparison.concentration import with_shares
from steelyard.comparison.html import span
from steelyard.comparison.portfolio_pages import dots
from steelyard.errors import InputError
from steelyard.reports.words import counted
from steelyard.util.text import one_line
from steelyard_server.comparing.comparisons import ComparingError
from steelyard_server.comparing.process import Asked, AskedRun, Compared
from steelyard_server.http.addresses import answers_path, compare_path, run_path
from steelyard_server.pages.runs import shown_run
from steelyard_server.pages.words import money_in_words
from steelyard_server.runs.comparable import LOOKED_AT, SameSamples, runs_beside, runs_of_same_samples
from steelyard_server.runs.received import received_folder
from steelyard_server.web.render import answer_to_poll, missing_page, page

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard.comparison.portfolio_record import Portfolio
    from steelyard.comparison.record import Comparison, Contrast, MatrixCell, PairResult
    from steelyard_server.runs.rows import ListedRun, RunRow
    from steelyard_server.web.call import Call

__all__ = ["show_compare"]

MOST_RUNS: Final = 8
MOST_ANSWERS: Final = 200_000  # of all chosen runs: so many are read in about a minute
_MOST_TASKS: Final = 50
_MOST_ROWS: Final = 60
_CSS: Final = {"better": "consistent", "worse": "inconsistent", "not_told_apart": "not-tested"}


def show_compare(call: Call) -> Response:
    """The choice of runs, or the comparison of those that the address names."""
    return answer_to_poll(call, _compare(call))


def _compare(call: Call) -> Response:
    given = call.request.query_params.getlist("run")[: MOST_RUNS + 1]
    seals = list(dict.fromkeys(each for each in given if each))
    if not seals:
        return _beside(call, beside) if (beside := call.query("with", 80)) else _choice(call)
    rows = [call.platform.runs.find(call.membership.project_id, seal) for seal in seals]
    found = [row for row in rows if row is not None]
    if len(found) < len(rows):
        return missing_page(call)
    try:
        asked, shares = _asked(call, found), _shares(call)
    except InputError as error:
        return _choice(call, 400, problem=str(error))
    assert call.caller.person is not None, "whoever sees a project's pages is a person"
    try:
        compared = call.platform.comparisons.result(asked, call.caller.person)
    except ComparingError as error:
        return page(call, "compare_wait.html.j2", 202, said=str(error), project=call.membership.project)
    if compared.comparison is None:
        return _choice(call, 400, problem=compared.problem)
    return page(call, "comparison.html.j2", **_shown(call, found, asked, _with_shares(compared, shares)))


def _asked(call: Call, rows: list[RunRow]) -> Asked:
    """What is computed. Raises InputError for a choice that is not, GoneError where files are no longer there."""
    if len(rows) < 2:
        raise InputError("choose two runs at least")
    if len(rows) > MOST_RUNS:
        raise InputError(f"choose {MOST_RUNS} runs at most; steelyard compare takes more")
    answers = sum(row.summary.answers for row in rows)
    if answers > MOST_ANSWERS:
        raise InputError(
            f"these runs have {counted(answers, 'answer')} together, and {MOST_ANSWERS:,} are compared here: take "
            "their folders home, and use steelyard compare"
        )
    return Asked(
        runs=tuple(
            AskedRun(folder=str(received_folder(call.platform.data, row)), seal=row.listed.seal) for row in rows
        ),
        all_pairs=call.query("pairs", 5) == "all",
    )


def _shares(call: Call) -> tuple[float, ...]:
    """The shares that the address has; () where it has none. Raises InputError for what is no share."""
    typed = [one_line(each, 20).strip() for each in call.request.query_params.getlist("share")[:26]]
    if not any(typed):
        return ()
    try:
        found = tuple(float(each) if each.isascii() else math.nan for each in typed)
    except ValueError:
        found = (math.nan,)
    if not all(0 <= each <= 1e9 for each in found) or not sum(found) > 0:
        raise InputError("shares are numbers from 0 on, one for each model, and not all 0")
    return found


# ── the choice ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _choice(call: Call, status: int = 200, *, problem: str = "") -> Response:
    after, address = call.query("after", 20), compare_path(call.membership.project)
    found = runs_of_same_samples(call.platform.pool, call.membership.project_id, after)
    return page(
        call,
        "compare.html.j2",
        status,
        problem=problem,
        project=call.membership.project,
        address=address,
        groups=[_shown_group(each) for each in found.groups],
        older=f"{address}?{urlencode({'after': found.after})}" if found.after else "",
        newest=address if after else "",
        looked_at=LOOKED_AT if found.is_cut else 0,
        most=MOST_RUNS,
    )


def _shown_group(group: SameSamples) -> dict[str, Any]:
    return {
        "task": group.task,
        "runs": [_shown_choice(*each) for each in group.runs],
        "left": group.left,
        "withdrawn": group.withdrawn,
    }


def _shown_choice(run: ListedRun, answers: int) -> dict[str, Any]:
    return {**shown_run(run), "seal": run.seal, "answers": counted(answers, "answer")}


def _beside(call: Call, seal: str) -> Response:
    """The other runs of the same samples as one, by pages: the baseline of a month ago among them."""
    row = call.platform.runs.find(call.membership.project_id, seal)
    if row is None:
        return missing_page(call)
    before = call.query("before", 20)
    number = min(int(before), 2**62) if before.isascii() and before.isdigit() else 0
    found, is_more = runs_beside(call.platform.pool, call.membership.project_id, row.listed.id, number)
    address = compare_path(call.membership.project)
    return page(
        call,
        "compare_with.html.j2",
        project=call.membership.project,
        address=address,
        run=row.summary,
        run_address=run_path(call.membership.project, seal),
        runs=[_shown_choice(*each) for each in found],
        older=f"{address}?{urlencode({'with': seal, 'before': found[-1][0].id})}" if is_more else "",
        newest=f"{address}?{urlencode({'with': seal})}" if number else "",
        most=MOST_RUNS,
    )


# ── the comparison ──────────────────────────────────────────────────────────────────────────────────────────────────


def _with_shares(compared: Compared, shares: tuple[float, ...]) -> Compared:
    """With these shares in the place of equal ones: nothing else depends on them, so nothing is computed anew."""
    if not shares or compared.portfolio is None:
        return compared
    try:
        return replace(compared, portfolio=with_shares(compared.portfolio, shares))
    except InputError as error:
        return replace(compared, portfolio=None, no_portfolio=str(error))


def _shown(call: Call, rows: list[RunRow], asked: Asked, compared: Compared) -> dict[str, Any]:
    project, comparison = call.membership.project, compared.comparison
    assert comparison is not None, "who calls this has looked"
    fields = [*(("run", each.seal) for each in asked.runs)]
    other_way = [] if asked.all_pairs else [("pairs", "all")]
    same_way = [("pairs", "all")] if asked.all_pairs else []
    is_narrowed = call.query("only", 20) == "differing"
    tasks = list(dict.fromkeys((each.task, each.scorer) for each in compared.cells))
    contrasts = [each for pair in comparison.pairs for each in pair.contrasts]
    reach = _reach(contrasts)
    return {
        "project": project,
        "address": compare_path(project),
        "headline": words.headline(comparison),
        "tests_line": words.tests_line(comparison),
        "models": _models(project, rows, compared, comparison),
        "notes": comparison.notes,
        "matrix": [_matrix_row(task, scorer, comparison, compared.cells) for task, scorer in tasks[:_MOST_TASKS]],
        "tasks_left": max(0, len(tasks) - _MOST_TASKS),
        "letters": [each.letter for each in comparison.runs],
        "pairs": [
            {**_pair(comparison, pair, reach), "listed": _listed(project, pair, compared)} for pair in comparison.pairs
        ],
        "reach": f"{100 * reach:.0f}",
        "all_pairs": asked.all_pairs,
        "other_way": f"{compare_path(project)}?{urlencode(fields + other_way)}",
        "is_narrowed": is_narrowed,
        "whole": f"{compare_path(project)}?{urlencode(fields + same_way)}",
        "narrowed": f"{compare_path(project)}?{urlencode([*fields, *same_way, ('only', 'differing')])}",
        "has_several": len(comparison.runs) > 2,
        "seals": [each.seal for each in asked.runs],
        **_portfolio(compared.portfolio, compared.no_portfolio),
    }


def _models(project: str, rows: list[RunRow], compared: Compared, comparison: Comparison) -> list[dict[str, Any]]:
    by_seal = {row.listed.seal: shown_run(row.listed) for row in rows}
    return [
        {
            "letter": run.letter,
            "model": run.model,
            "role": run.role if compared.seals.count(seal) > 1 else "",
            "created": run.created[:10],
            "run": by_seal[seal],
            "address": run_path(project, seal),
            "calls": f"{run.spent.calls:,}",
            "median": words.seconds(run.spent.seconds_median),
            "cost": _money(run.spent.cost),
            "per_right": _of_thousand(run.spent.cost_per_right),
        }
        for run, seal in zip(comparison.runs, compared.seals, strict=True)
    ]


def _money(amount: float | None) -> str:
    return "unknown" if amount is None else money_in_words(amount)


def _of_thousand(amount: float | None) -> str:
    return "unknown" if amount is None else f"{money_in_words(1000 * amount)} for 1,000"


def _matrix_row(task: str, scorer: str, comparison: Comparison, cells: tuple[MatrixCell, ...]) -> dict[str, Any]:
    of_task = {each.letter: each for each in cells if (each.task, each.scorer) == (task, scorer)}
    return {
        "task": task,
        "scorer": scorer,
        "cells": [(each.letter, _cell(of_task.get(each.letter))) for each in comparison.runs],
    }


def _cell(cell: MatrixCell | None) -> dict[str, str] | None:
    if cell is None:
        return None
    parts = [counted(cell.n, "sample")]
    if cell.open:
        parts.append(f"{cell.open:,} open or missing")
    if cell.is_stopped:
        parts.append("stopped before its end")
    return {
        "score": words.score(cell.score),
        "interval": "no interval" if cell.ci is None else words.score_interval(cell.ci),
        "detail": ", ".join(parts),
    }


def _pair(comparison: Comparison, pair: PairResult, reach: float) -> dict[str, Any]:
    rows = [_row(comparison, pair, each, reach) for each in pair.contrasts]
    whole = [row for row in rows if row["scope"] != "slice"]
    slices = [row for row in rows if row["scope"] == "slice"]
    return {
        "first": pair.first,
        "second": pair.second,
        "title": words.title(comparison, pair),
        "rows": whole[:_MOST_ROWS],
        "slices": slices[:_MOST_ROWS],
        "left": max(0, len(whole) - _MOST_ROWS) + max(0, len(slices) - _MOST_ROWS),
        "told": sum(row["css"] != "not-tested" for row in slices),
        "skipped": pair.skipped,
        "notes": pair.notes[:20],
        "differing": pair.differing,
    }


def _listed(project: str, pair: PairResult, compared: Compared) -> list[dict[str, Any]]:
    """Some of the samples on which two models differ, each with where both answers are listed."""
    return [
        {
            "sample": each.sample,
            "task": each.task,
            "sides": [
                (letter, words.one(score), _answers_of(project, compared, letter, each.task, name))
                for letter, score, name in (
                    (pair.first, each.first, each.sample),
                    (pair.second, each.second, each.second_sample or each.sample),
                )
            ],
            "css": "consistent" if each.second > each.first else "inconsistent",
            "sign": words.SIGNS["better" if each.second > each.first else "worse"],
        }
        for each in pair.differing_samples
    ]


def _answers_of(project: str, compared: Compared, letter: str, task: str, sample: str) -> str:
    """The list of a model's answers to a sample; a run of several models has those of all under one seal."""
    place = ascii_uppercase.index(letter)
    measurement = compared.measurements[place].get(task, "")
    asked = {"measurement": measurement, "sample": sample} if measurement else {"sample": sample}
    return f"{answers_path(project, compared.seals[place])}?{urlencode(asked)}"


def _row(comparison: Comparison, pair: PairResult, contrast: Contrast, reach: float) -> dict[str, Any]:
    return {
        "scope": contrast.scope,
        "name": one_line(words.name_of(contrast), 120),
        "n": f"{contrast.n:,}",
        "clusters": f"{contrast.clusters:,}" if contrast.clusters != contrast.n else "",
        "open": f"{contrast.open:,}" if contrast.open else "",
        "difference": words.difference(contrast),
        "interval": words.interval(contrast),
        "p": words.p_words(contrast),
        "css": _CSS[contrast.word],
        "sign": words.SIGNS[contrast.word],
        "sentence": words.sentence(comparison, pair, contrast),
        "bar": span(contrast.ci, sum(contrast.difference) / 2, reach),
    }


def _reach(contrasts: list[Contrast]) -> float:
    """Half of the scale that all intervals share: the next 5 points beyond the widest of the tests but groups."""
    ends = [abs(end) for each in contrasts for end in each.ci if each.scope != "slice"]
    return min(1.0, max(1, -(-1000 * max(ends, default=0.05) // 50)) * 0.05)


def _portfolio(portfolio: Portfolio | None, why_not: str) -> dict[str, Any]:
    if portfolio is None:
        return {"portfolio": None, "no_portfolio": why_not, "dots": []}
    unpriced = [each.letter for each in portfolio.holdings if each.cost is None]
    sentences = [_capital(each) if place else each for place, each in enumerate(portfolio_words.sentences(portfolio))]
    return {
        "portfolio": portfolio,
        "no_portfolio": "",
        "dots": dots(portfolio),
        "unpriced": ", ".join(unpriced),
        "flattening": sentences[-1] if portfolio.flattening is not None else "",
        "too_few": "" if unpriced or not portfolio.no_frontier else _capital(portfolio.no_frontier),
        "holdings": [
            {
                "held": each,
                "share": portfolio_words.percent(each.share),
                "typed": f"{100 * each.share:.3g}",
                "quality": f"{words.one(each.quality)}",
                "interval": words.score_interval((each.quality_low, each.quality_high)),
                "cost": _of_thousand(each.cost),
            }
            for each in portfolio.holdings
        ],
        "concentrations": [
            {"by": each.by, "sentence": _capital(portfolio_words.concentration_sentence(each)),
             "shares": [(name, portfolio_words.percent(share), f"{200 * share:.1f}")
                        for name, share in each.shares.items()]}
            for each in portfolio.concentrations
        ],
        "together": sentences[:2],
        "overlaps": [
            {"pair": each, "both": portfolio_words.percent(each.both),
             "expected": portfolio_words.percent(each.expected), "kappa": portfolio_words.kappa(each),
             "sentence": portfolio_words.overlap_sentence(each)}
            for each in portfolio.overlaps[:_MOST_ROWS]
        ],
        "are_shares_given": not any("shares are equal" in note for note in portfolio.notes),
    }  # fmt: skip


def _capital(sentence: str) -> str:
    return f"{sentence[0].upper()}{sentence[1:]}"
