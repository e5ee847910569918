"""A choice on a summary: the sentence, the candidates, how sure it is and what to do next, in the page's language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from steelyard.records import CandidateVerdict, ChoiceVerdict, DetectorResult, Verdict
from steelyard.reports.charts import css_name
from steelyard.reports.choices import (
    STANDINGS,
    Taken,
    amount,
    choices_of,
    dearer_than_thought,
    is_priced,
    name_in,
    standing_of,
    taken_by,
)
from steelyard.reports.summary_choice_picture import Dot, picture_of
from steelyard.reports.summary_numbers import Numbers
from steelyard.reports.summary_rows import (
    DOT,
    MARKS,
    ROWS,
    Passage,
    Row,
    Rows,
    domain_of,
    drawing_of,
    fitted,
    named,
    place_of,
)
from steelyard.reports.summary_words import ChoiceLines, Words

__all__ = [
    "choice_headline",
    "choice_picture",
    "choice_rows",
    "choice_subject",
    "choice_sure",
    "choice_total",
    "cost_heading",
    "standing_label",
]

PICTURE_LINES = 8  # of print that the picture takes


def _first(verdict: Verdict) -> tuple[DetectorResult, ChoiceVerdict]:
    result = choices_of(verdict)[0]
    assert result.choice is not None
    return result, result.choice


def standing_label(standing: str, said: ChoiceLines) -> str:
    """What became of a candidate, in the page's language."""
    labels = {
        "chosen": said.chosen,
        "reached": said.reached,
        "below": said.below,
        "undecided": said.undecided,
        "not asked": said.not_asked,
    }
    return labels[standing]


def choice_subject(verdict: Verdict, said: Words) -> str:
    """What the page is about: ``3 candidates for tickets``."""
    _, choice = _first(verdict)
    number = Numbers(said.notation).count(len(choice.candidates))
    return said.choice.subject.format(number=number, task=named(choice.task))


# ── the sentence ────────────────────────────────────────────────────────────────────────────────────────────────────


def choice_headline(verdict: Verdict, said: Words) -> tuple[str, str]:
    """The word of the whole, and the sentences that follow it: which model, at what cost, and what was ruled out."""
    result, choice = _first(verdict)
    numbers, lines = Numbers(said.notation), said.choice
    values = {"target": _target(choice, numbers), "task": named(choice.task)}
    chosen = next((each for each in choice.candidates if each.role == choice.chosen), None)
    if chosen is None and all(each.standing == "below" for each in choice.candidates):
        number = numbers.count(len(choice.candidates))
        return lines.below, lines.none_reaches.format(number=number, **values)
    if chosen is None:
        return lines.undecided, lines.none_sure.format(**values)
    parts = [lines.one_chosen.format(model=name_in(choice, chosen), **values)]
    parts.append(_cost_of_right(taken_by(chosen, verdict), numbers, lines, priced=is_priced(result, verdict)))
    parts.append(_before(choice, chosen, numbers, lines))
    return lines.chosen, " ".join(part for part in parts if part)


def _cost_of_right(taken: Taken, numbers: Numbers, lines: ChoiceLines, *, priced: bool) -> str:
    if priced:
        cost = numbers.local(amount(taken.per_right, priced=True))
        return "" if taken.per_right is None else lines.costs_right.format(cost=cost)
    tokens = numbers.local(amount(taken.tokens_per_right, priced=False))
    return "" if taken.tokens_per_right is None else lines.takes_right.format(tokens=tokens)


def _before(choice: ChoiceVerdict, chosen: CandidateVerdict, numbers: Numbers, lines: ChoiceLines) -> str:
    before = choice.candidates[: choice.candidates.index(chosen)]
    if not before:
        return lines.first
    if unsure := [name_in(choice, each) for each in before if each.standing != "below"]:
        return lines.before_unsure.format(names=numbers.names(unsure))
    return lines.one_below if len(before) == 1 else lines.before_below.format(number=numbers.count(len(before)))


def _target(choice: ChoiceVerdict, numbers: Numbers) -> str:
    return numbers.local(f"{float(choice.target) * 100:g} %")


# ── the candidates ──────────────────────────────────────────────────────────────────────────────────────────────────


def cost_heading(verdict: Verdict, said: Words) -> str:
    """What stands above the costs: money where there are prices, else tokens."""
    result, _ = _first(verdict)
    return said.choice.cost_right if is_priced(result, verdict) else said.choice.tokens_right


def choice_rows(verdict: Verdict, said: Words, lines: int) -> Rows:
    """The chosen candidate first, then the others in the order of asking, whose numbers all keep."""
    result, choice = _first(verdict)
    priced = is_priced(result, verdict)
    if choice_picture(verdict, said):
        lines -= PICTURE_LINES
    ordered = sorted(enumerate(choice.candidates, 1), key=lambda each: each[1].role != choice.chosen)
    ends = [bound for each in choice.candidates for bound in each.ci or ()]
    domain = domain_of([*ends, float(choice.target)])
    rows = [_row(number, each, choice, verdict, said, domain, priced=priced) for number, each in ordered[:ROWS]]
    return fitted(rows, len(ordered), domain, lines, said)


def _row(
    number: int,
    each: CandidateVerdict,
    choice: ChoiceVerdict,
    verdict: Verdict,
    said: Words,
    domain: tuple[float, float],
    *,
    priced: bool,
) -> Row:
    numbers, taken, standing = Numbers(said.notation), taken_by(each, verdict), standing_of(each, choice)
    cost = amount(taken.per_right if priced else taken.tokens_per_right, priced=priced)
    return Row(
        task=f"{number}. {named(name_in(choice, each))}",
        css=css_name(STANDINGS[standing]),
        label=standing_label(standing, said.choice),
        claimed=numbers.local(cost),
        measured=_seen(each, said, numbers),
        interval=numbers.interval(each.ci, "percent") if each.ci else "",
        asked=said.choice.calls.format(calls=numbers.count(taken.calls)) if taken.calls else "",
        meaning=tuple(Passage(text) for text in _meaning(each, standing, choice, said)),
        drawing=_drawing(each, standing, choice, domain),
    )


def _seen(each: CandidateVerdict, said: Words, numbers: Numbers) -> str:
    if not each.asked:
        return "–"
    if each.missing or each.open:
        return said.notation.out_of.format(part=numbers.count(each.right), whole=numbers.count(each.asked))
    return numbers.share(each.right / each.asked, "percent")


def _meaning(each: CandidateVerdict, standing: str, choice: ChoiceVerdict, said: Words) -> Iterator[str]:
    numbers, lines = Numbers(said.notation), said.choice
    meanings = {
        "chosen": lines.means_chosen,
        "reached": lines.means_reached,
        "below": lines.means_below,
        "undecided": lines.means_undecided,
        "not asked": lines.means_not_asked if choice.chosen else lines.means_stopped,
    }
    yield meanings[standing].format(asked=numbers.count(each.asked), of=numbers.count(choice.items))
    if each.missing:
        yield said.meanings.missing.format(number=numbers.count(each.missing))
    if each.open:
        yield said.meanings.open.format(number=numbers.count(each.open))


def _drawing(each: CandidateVerdict, standing: str, choice: ChoiceVerdict, domain: tuple[float, float]) -> Any:
    if each.ci is None:
        return ""
    low, high = (place_of(bound, domain) for bound in each.ci)
    target = place_of(float(choice.target), domain)
    mark = MARKS.get(STANDINGS[standing], DOT).format(x=place_of(_middle(each), domain))
    return drawing_of(
        f'<path d="M{target},1V17" stroke="var(--ink)" stroke-width="2.4"/>'
        f'<path d="M{low},9H{high}" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>{mark}'
    )


def _middle(each: CandidateVerdict) -> float:
    """The share of right answers; of a range, which open and missing answers leave, its middle."""
    return (each.right + (each.missing + each.open) / 2) / each.asked


# ── the picture ─────────────────────────────────────────────────────────────────────────────────────────────────────


def choice_picture(verdict: Verdict, said: Words) -> Any:
    """Cost against quality of every candidate that was asked, as SVG; empty where fewer than two were."""
    result, choice = _first(verdict)
    numbers, lines, priced = Numbers(said.notation), said.choice, is_priced(result, verdict)
    title, dots = lines.x_cost if priced else lines.x_tokens, []
    for number, each in enumerate(choice.candidates, 1):
        taken = taken_by(each, verdict)
        value = taken.per_call if priced else taken.tokens_per_call
        if each.ci is None or not value:
            continue
        cost = numbers.local(amount(value, priced=priced))
        ends = numbers.interval(each.ci, "percent")
        text = lines.picture_text.format(number=number, model=name_in(choice, each), x=f"{title} {cost}", interval=ends)
        word = STANDINGS[standing_of(each, choice)]
        dots.append(Dot(number, 1000 * value if priced else value, _middle(each), each.ci, word, text))
    if len(dots) < 2:
        return ""
    target = f"{lines.target} {_target(choice, numbers)}"
    return picture_of(dots, float(choice.target), x_title=title, y_title=lines.y, target_text=target, numbers=numbers)


# ── how sure ────────────────────────────────────────────────────────────────────────────────────────────────────────


def choice_sure(verdict: Verdict, said: Words) -> Iterator[str]:
    """What the numbers guarantee, and what they do not show."""
    _, choice = _first(verdict)
    numbers, lines = Numbers(said.notation), said.choice
    rate = numbers.rate(verdict.alpha / 2)
    yield lines.sure_wrong.format(rate=rate)
    yield lines.sure_missed.format(rate=rate)
    yield lines.sure_steady if choice.steady else lines.sure_varies
    if choice.chosen and choice.chosen != choice.candidates[-1].role:
        yield lines.sure_after
    yield lines.sure_order
    taken = {each.role: taken_by(each, verdict) for each in choice.candidates}
    for first, second in dearer_than_thought(choice, taken):
        yield lines.sure_dearer.format(first=first, second=second)


def choice_total(verdict: Verdict, said: Words) -> str:
    """What all calls cost together; empty unless the cost of each candidate that was asked is known."""
    _, choice = _first(verdict)
    taken = [each for candidate in choice.candidates if (each := taken_by(candidate, verdict)).calls]
    costs = [each.calls * each.per_call for each in taken if each.per_call is not None]
    if not costs or len(costs) < len(taken):
        return ""
    return said.choice.total.format(amount=Numbers(said.notation).money(sum(costs)))
