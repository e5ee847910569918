"""Gates on a summary: the sentence, the rows, how sure they are, and what to do next, in the page's language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from steelyard.records import DetectorResult, GateVerdict, Verdict, VerdictWord
from steelyard.reports.charts import css_name
from steelyard.reports.gates import budget_band, budget_seen, colour_of, counted_colours, gates_of
from steelyard.reports.summary_numbers import Numbers
from steelyard.reports.summary_rows import DOT, MARKS, Passage, Row, drawing_of, named, place_of
from steelyard.reports.summary_words import Words
from steelyard.util.bounded_fraction import bounded_fraction

__all__ = ["drawn_ends", "gate_row", "gates_headline", "gates_in_order", "gates_sure", "label_of"]

_ORDER = (VerdictWord.INCONSISTENT, VerdictWord.INSUFFICIENT_POWER, VerdictWord.CONSISTENT)


def gates_in_order(verdict: Verdict) -> list[DetectorResult]:
    """The gates, the red ones first, each in the order of the plan."""
    return sorted(gates_of(verdict), key=lambda each: _ORDER.index(each.word) if each.word in _ORDER else 1)


def label_of(word: VerdictWord, said: Words) -> str:
    """Green, red or undecided in the page's language."""
    return str(getattr(said.gates, colour_of(word)))


def gates_headline(verdict: Verdict, said: Words) -> tuple[str, str]:
    """The colour of the whole, and the sentence that follows it."""
    (_, word, number), numbers, results = counted_colours(verdict)[0], Numbers(said.notation), gates_of(verdict)
    label = label_of(word, said)
    if len(results) == 1:
        gate = results[0].gate
        assert gate is not None
        kind = "worse" if gate.baseline and colour_of(word) == "red" else colour_of(word)
        line = getattr(said.gates, f"one_{kind}")
        return label, line.format(task=named(gate.task), bar=_bar(gate, said, numbers))
    line = getattr(said.gates, f"many_{colour_of(word)}")
    return label, line.format(number=numbers.count(number), of=numbers.count(len(results)))


def _bar(gate: GateVerdict, said: Words, numbers: Numbers) -> str:
    if gate.budget is not None:
        limit = numbers.local(gate.budget.limit)
        if gate.budget.kind == "rule":
            least, of = gate.budget.limit.split(" of ")
            return "≥\N{NO-BREAK SPACE}" + said.notation.out_of.format(part=least, whole=of)
        if gate.budget.kind == "cost":
            return said.gates.cost.format(limit=limit)
        return f"p{float(gate.budget.quantile) * 100:g} ≤ {limit} s"
    if gate.baseline:
        margin = bounded_fraction(gate.margin or "0")
        baseline = said.gates.baseline.format(margin=numbers.points(float(margin) / 100, "percent"))
        return f"≥\N{NO-BREAK SPACE}{baseline}"
    return "≥\N{NO-BREAK SPACE}" + numbers.local(f"{float(bounded_fraction(gate.at_least)) * 100:g} %")


def drawn_ends(results: list[DetectorResult]) -> list[float]:
    """What the drawings of some gates must hold: their intervals and bars."""
    found: list[float] = []
    for result in results:
        gate = result.gate
        if gate is not None and gate.ci is not None and not gate.baseline and gate.budget is None:
            found += [*gate.ci, float(bounded_fraction(gate.at_least))]
    return found


def gate_row(result: DetectorResult, said: Words, domain: tuple[float, float]) -> Row:
    """One gate as a row of the summary."""
    gate, numbers = result.gate, Numbers(said.notation)
    assert gate is not None
    parts = [said.meanings.asked_short.format(asked=numbers.count(gate.asked), of=numbers.count(gate.items)) + "."]
    parts += [said.meanings.missing.format(number=numbers.count(gate.missing))] if gate.missing else []
    parts += [said.meanings.open.format(number=numbers.count(gate.open))] if gate.open else []
    kind = "worse" if gate.baseline and result.word is VerdictWord.INCONSISTENT else colour_of(result.word)
    meaning = getattr(said.gates, f"means_{kind}")
    if gate.budget is not None:
        of_budget = {"green": said.gates.means_within, "red": said.gates.means_over}
        meaning = said.gates.these_only if gate.budget.kind == "rule" else of_budget.get(kind, meaning)
    return Row(
        task=named(gate.task),
        css=css_name(result.word),
        label=label_of(result.word, said),
        claimed=_bar(gate, said, numbers),
        measured=_seen(gate, said, numbers),
        interval=_interval(gate, said, numbers),
        asked="",
        meaning=tuple(Passage(text) for text in (meaning, *parts)),
        drawing=_drawing(gate, result.word, domain),
    )


def _interval(gate: GateVerdict, said: Words, numbers: Numbers) -> str:
    if gate.budget is not None:
        is_open = gate.budget.band is None or gate.budget.band[1] is None
        return "" if is_open else said.gates.band.format(ends=numbers.local(budget_band(gate.budget)))
    return numbers.interval(gate.ci, "percent") if gate.ci and not gate.baseline else ""


def _seen(gate: GateVerdict, said: Words, numbers: Numbers) -> str:
    if not gate.asked:
        return "–"
    if gate.budget is not None and gate.budget.kind != "rule":
        return "–" if gate.budget.seen is None else numbers.local(budget_seen(gate.budget))
    if gate.baseline:
        return said.gates.pairs.format(worse=numbers.count(gate.worse), better=numbers.count(gate.better))
    if gate.missing or gate.open or gate.budget is not None:
        return said.notation.out_of.format(part=numbers.count(gate.right), whole=numbers.count(gate.asked))
    return numbers.share(gate.right / gate.asked, "percent")


def _drawing(gate: GateVerdict, word: VerdictWord, domain: tuple[float, float]) -> Any:
    if gate.ci is None or gate.baseline or gate.budget is not None:
        return ""
    low, high = (place_of(bound, domain) for bound in gate.ci)
    bar = place_of(float(bounded_fraction(gate.at_least)), domain)
    seen = place_of((gate.right + (gate.missing + gate.open) / 2) / gate.asked, domain)
    return drawing_of(
        f'<path d="M{bar},1V17" stroke="var(--ink)" stroke-width="2.4"/>'
        f'<path d="M{low},9H{high}" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>'
        + MARKS.get(word, DOT).format(x=seen)
    )


def gates_sure(verdict: Verdict, said: Words) -> Iterator[str]:
    """What the numbers guarantee, and what they do not show."""
    numbers, gates = Numbers(said.notation), [each.gate for each in gates_of(verdict) if each.gate is not None]
    scored, rate = [gate for gate in gates if gate.budget is None], numbers.rate(verdict.alpha)
    if any(not gate.baseline for gate in scored):
        yield (said.gates.sure_red if len(scored) == 1 else said.gates.sure_any_red).format(rate=rate)
    if any(gate.baseline for gate in scored):
        yield said.gates.sure_worse.format(rate=rate)
    if scored:
        yield said.gates.sure_green.format(rate=rate)
    yield said.gates.sure_undecided
    if any(not gate.baseline for gate in scored):
        yield said.gates.sure_one_run
    if any(gate.budget is not None and gate.budget.kind != "rule" for gate in gates):
        yield said.gates.sure_this_run
    yield said.sureness.one_setup
