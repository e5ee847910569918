"""How often a plan's questions were asked, in sentences for a report and for a verifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from steelyard.evidence.timestamp import Stamp
from steelyard.planning.questions import OWN_ITEMS
from steelyard.records import ClaimSheet, Plan
from steelyard.stats.series import series_share
from steelyard.util.text import one_line

__all__ = ["TYPED", "new_key_sentence", "order_sentences", "source_sentence", "stamp_sentence", "was_order_free"]

TYPED: Final = "The claims were typed by hand: no source page is sealed with them."
_NAME_CHARACTERS: Final = 80
_FEW_LINES: Final = 21  # of a ledger: its first one, and two for each of ten plans
_FIRST: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def order_sentences(plan: Plan) -> tuple[str, ...]:
    """What whoever ran this chose or could have chosen: the order of the samples, and the scorer; how often they asked.

    Empty where no order counts and nothing was chosen.
    """
    chosen = (
        [f"The scorer {one_line(plan.scorer, 60)} was chosen by whoever ran this (--scorer)."] if plan.scorer else []
    )
    return (*_sentences(plan), *(chosen if plan.tests else []), *_known(plan))


def source_sentence(sheet: ClaimSheet | None) -> tuple[str, ...]:
    """Which pages a sheet's claims stand on, or that they were typed; empty for one sealed before pages were."""
    if sheet is None or not sheet.source_files:
        return (TYPED,) if sheet is not None and sheet.typed else ()
    named = []
    for each in sheet.source_files:
        typed = ", not sealed: its text was typed" if each.text else ""
        named.append(f"{one_line(each.file, 60)} (SHA-256 {each.sha256[:16]}…{typed})")
    return (f"The claims stand on {', '.join(named)}.",)


def was_order_free(plan: Plan) -> bool:
    """Whether whoever ran this could have chosen an order of its samples, and no ledger counts how often it tried.

    So it is without a signature, and where difficulties that the user gave are part of what fixes the order.
    """
    return not plan.is_order_proved or any(each.difficulties is not None for each in plan.measurements)


def new_key_sentence(plan: Plan) -> str:
    """That a key may be one of many, each of which gives another order, where its ledger holds few plans; else empty.

    It is no part of what is sealed: who knew the key before needs no such sentence.
    """
    counts = bool(plan.tests) or any(each.planned < each.trials for each in plan.measurements)
    own = 0 if plan.ledger is None else plan.ledger.line - plan.ledger.carried  # what is carried is no other key's word
    if not counts or not plan.is_order_proved or own > _FEW_LINES:
        return ""
    held = "Its ledger holds few other plans or none" if plan.ledger else "No ledger shows other plans with this key"
    return (
        f"{held}: whoever ran this may have made many keys and shown this one, with an order that suits, unless you "
        "knew the key before (steelyard verify --require-key)."
    )


def stamp_sentence(stamp: Stamp) -> str:
    """When a run's ledger line was stamped and by whom, by the word of the certificate in the stamp."""
    name = one_line(stamp.authority, _NAME_CHARACTERS)
    return f"Time stamp: {stamp.time}, by {name!r}; steelyard verify --timestamp-root checks it."


def _sentences(plan: Plan) -> Iterator[str]:
    # Where all is asked the order stops nothing, and a log's never did.
    counts = bool(plan.tests) or any(each.planned < each.trials for each in plan.measurements)
    if plan.origin.kind != "asked" or not plan.measurements or not counts:
        return
    if not plan.is_order_proved:
        yield "Not signed: whoever ran this could have chosen the order of the samples (steelyard key new prevents it)."
        return
    if plan.ledger is None:
        yield "Signed without a ledger (--no-ledger): how often this was asked with this key is unknown."
    else:
        yield _numbers(plan)
        if plan.ledger.opened_later:
            yield "The ledger was begun later than the key: what was asked with it before is unknown."
        if plan.ledger.carried:
            yield _carried(plan.ledger.carried)
        yield from _others(plan)
        yield from _gates(plan)
    yield from _own(plan)


def _numbers(plan: Plan) -> str:
    kind = plan.kind
    key = "the keys of its platform" if _is_carried(plan) else "this key"
    by_number: dict[int, list[str]] = {}
    for measurement in plan.measurements:
        tasks = by_number.setdefault(plan.questions[measurement.question].number, [])
        if measurement.task not in tasks:
            tasks.append(measurement.task)
    if len(by_number) == 1:
        (number,) = by_number
        return f"The {_ordinal(number)} {kind} of these questions with {key}."
    parts = [f"the {_ordinal(number)} of {', '.join(tasks)}" for number, tasks in sorted(by_number.items())]
    return f"With {key} it is {'; '.join(parts)}."


def _is_carried(plan: Plan) -> bool:
    """Whether the ledger counts on what earlier keys began, so that its counts are not of this key alone."""
    return plan.ledger is not None and plan.ledger.carried > 0


def _carried(number: int) -> str:
    return (
        f"The key, or its ledger, is newer than {number:,} earlier {_plans(number)} of the platform that ran this, and "
        "counts them as the database there has them."
    )


def _others(plan: Plan) -> Iterator[str]:
    of_subject = max((each.of_subject for each in plan.questions.values()), default=0)
    of_benchmark = max((each.of_benchmark for each in plan.questions.values()), default=0)
    never_ended = max((each.never_ended for each in plan.questions.values()), default=0)
    parts = []
    if of_subject:
        parts.append(f"{of_subject:,} other {_plans(of_subject)} about this model")
    if of_benchmark:
        parts.append(f"{of_benchmark:,} of the same benchmark under other addresses or for other models")
    if parts:
        left = f"; {never_ended:,} of these never ended" if never_ended else ""
        yield f"{'The keys of its platform' if _is_carried(plan) else 'The key'} began {' and '.join(parts)}{left}."


def _gates(plan: Plan) -> Iterator[str]:
    """The place of each gate in its series, and whether its levels are those of the series."""
    strict = any(each.options.get("strict_series") is True for each in plan.requested)
    for number in sorted({number for each in plan.measurements if (number := plan.gate_number_of(each))}):
        asked = f"The {_ordinal(number)} gate of this model with these prompts and this key"
        if strict:
            yield (
                f"{asked}, at {100 * series_share(number):.2g} % of the level (--strict-series): in all such gates "
                f"together a wrong green, or a wrong red, has a chance of at most {100 * plan.alpha:g} %."
            )
        elif number > 1:
            yield (
                f"{asked}, each at the full level: asked again and again, one is green in the end (--strict-series "
                "gives all of them one level)."
            )
        else:
            yield f"{asked}."


def _own(plan: Plan) -> Iterator[str]:
    """Another wording of a question of one's own is another question, and so another order."""
    tasks = dict.fromkeys(
        each.task
        for each in plan.measurements
        if plan.readers_of(each.id) and plan.questions[each.question].benchmark.startswith(OWN_ITEMS)
    )
    if tasks:
        names = ", ".join(tasks)
        yield f"The questions of {names} are the auditor's own: who chose them could choose an order with them."


def _known(plan: Plan) -> Iterator[str]:
    tasks = dict.fromkeys(one_line(each.task, 60) for each in plan.measurements if each.difficulties is not None)
    if tasks:
        yield (
            f"The difficulties of {', '.join(tasks)} are the auditor's (--difficulty): whoever ran this could have "
            "tried any number of files, and so chosen the order of the samples; no key or ledger shows that it did not."
        )


def _plans(number: int) -> str:
    return "plan" if number == 1 else "plans"


def _ordinal(number: int) -> str:
    if number <= len(_FIRST):
        return _FIRST[number - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number:,}{ending}"
