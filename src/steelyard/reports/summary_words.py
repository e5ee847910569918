"""What a summary says: the messages that each language must have, as frozen records, so that none can lack one.

Names in braces are filled in by :mod:`steelyard.reports.summary`; every language has the same ones in each message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "ChoiceLines",
    "Frame",
    "GateLines",
    "Headlines",
    "IdentityLines",
    "Labels",
    "Meanings",
    "Notation",
    "Reasons",
    "Steps",
    "Sureness",
    "Who",
    "Words",
]


@dataclass(frozen=True)
class Notation:
    """How a language writes numbers, dates, lists and quotations. ``units`` translates the units of a duration."""

    decimal_comma: bool
    points: str
    out_of: str
    date: str
    moment: str
    months: tuple[str, ...]
    units: Mapping[str, str]
    two: str
    more: str
    opening: str
    closing: str


@dataclass(frozen=True)
class Labels:
    """The words of a verdict."""

    inconsistent: str
    consistent: str
    unverifiable: str
    insufficient_power: str
    not_testable: str
    not_tested: str
    measured: str


@dataclass(frozen=True)
class Headlines:
    """The verdict in one sentence."""

    below_one: str
    below_many: str
    below_all: str
    table: str
    not_served: str
    tests: str
    besides: str
    finding: str
    findings: str
    holds: str
    hold_all: str
    unread_fresh: str
    undecided: str
    undecided_many: str
    undecided_test: str
    unverifiable: str
    unverifiable_many: str
    not_testable: str
    not_testable_many: str
    not_tested: str
    not_tested_many: str
    measured: str
    measured_range: str
    measured_many: str
    measured_models: str
    nothing: str


@dataclass(frozen=True)
class GateLines:
    """Everything about gates: their colours, the sentence on one and on several, the bar, and how sure they are."""

    green: str
    red: str
    undecided: str
    one_green: str
    one_red: str
    one_worse: str
    one_undecided: str
    many_green: str
    many_red: str
    many_undecided: str
    means_green: str
    means_red: str
    means_worse: str
    means_undecided: str
    means_within: str
    means_over: str
    baseline: str
    cost: str
    band: str
    pairs: str
    title: str
    heading: str
    gate: str
    bar: str
    sure_red: str
    sure_any_red: str
    sure_worse: str
    sure_green: str
    sure_undecided: str
    sure_one_run: str
    these_only: str
    sure_this_run: str
    step_red: str
    step_undecided: str
    step_green: str


@dataclass(frozen=True)
class ChoiceLines:
    """Everything about a choice: the standings, the sentence on it, what was ruled out, how sure it is, the picture."""

    title: str
    subject: str
    heading: str
    candidate: str
    chosen: str
    reached: str
    below: str
    undecided: str
    not_asked: str
    one_chosen: str
    first: str
    before_below: str
    one_below: str
    before_unsure: str
    none_sure: str
    none_reaches: str
    costs_right: str
    takes_right: str
    cost_right: str
    tokens_right: str
    target: str
    means_chosen: str
    means_reached: str
    means_below: str
    means_undecided: str
    means_not_asked: str
    means_stopped: str
    calls: str
    sure_wrong: str
    sure_missed: str
    sure_steady: str
    sure_varies: str
    sure_order: str
    sure_after: str
    sure_dearer: str
    step_chosen: str
    step_cheaper: str
    step_keep: str
    step_unsure: str
    step_none: str
    total: str
    picture: str
    x_cost: str
    x_tokens: str
    y: str
    picture_text: str


@dataclass(frozen=True)
class IdentityLines:
    """A model that was held against weights, without a claim."""

    title: str
    heading: str
    is_inconsistent: str
    is_consistent: str
    inconsistent: str
    consistent: str
    undecided: str
    not_testable: str
    sure_accuse: str
    sure_confirm: str
    sure_near: str
    sure_why: str
    sure_elsewhere: str
    sure_file: str
    step_inconsistent: str
    step_consistent: str
    step_undecided: str
    step_not_testable: str


@dataclass(frozen=True)
class Meanings:
    """What one row means."""

    within: str
    below: str
    above: str
    better: str
    needs: str
    needs_time: str
    part: str
    sheet_says: str
    in_format: str
    asked_short: str
    asked_repeats: str
    asked: str
    asked_part: str
    missing: str
    open: str
    mean: str


@dataclass(frozen=True)
class Reasons:
    """Why something was not decided or not tested: a message for each of :data:`summary_reasons.KINDS`."""

    decoding_unmeasured: str
    limit: str
    repeat_check: str
    budget: str
    stopped: str
    unread: str
    missing: str
    unread_and_missing: str
    few: str
    not_served: str
    few_items: str
    too_noisy: str
    format_unstated: str
    estimate: str
    unstated: str
    other_model: str
    metric: str
    unit: str
    outside: str
    chance: str
    part: str
    scored_more: str
    no_task: str
    known: str
    subset: str
    no_samples: str
    no_data: str
    loglikelihoods: str
    sandbox: str
    imported: str
    world: str
    role: str
    screened: str
    other: str


@dataclass(frozen=True)
class Sureness:
    """How sure the verdict is."""

    accuse: str
    confirm: str
    true_score: str
    interval_measured: str
    tolerance: str
    no_bad_faith: str
    one_setup: str
    differences: str
    formats: str
    imported: str
    unread: str
    not_recomputed: str
    how_read: str


@dataclass(frozen=True)
class Steps:
    """What to do next: a message for each kind of advice, and for the decided verdicts."""

    unfinished: str
    do_not_rely: str
    do_not_rely_many: str
    vendor: str
    see_wrong: str
    see_open: str
    explain: str
    rely: str
    rely_many: str
    unread_fresh: str
    more_number: str
    more_time: str
    more: str
    open: str
    missing: str
    noise: str
    noise_number: str
    data: str
    items: str
    whole: str
    name: str
    format: str
    share: str
    tolerance: str
    sandbox: str
    world: str
    role: str
    report: str
    test: str
    compare: str


@dataclass(frozen=True)
class Who:
    """Who measured what, when, and what it took."""

    served: str
    named: str
    alias: str
    two_models: str
    accepted: str
    precision: str
    dates: str
    planned: str
    sealed: str
    signature: str
    signed: str
    not_signed: str
    not_sealed: str
    order_chosen: str
    no_ledger: str
    audit_number: str
    audit_numbers: str
    software: str
    effort: str
    calls: str
    cost: str
    cached: str
    reasoning: str
    batches: str


@dataclass(frozen=True)
class Frame:
    """Titles, headings, the legend and the footer."""

    title: str
    measured_title: str
    claimed_by: str
    typed: str
    claimed_on: str
    unfinished: str
    claims: str
    measurements: str
    task: str
    claim: str
    claimed: str
    measured: str
    interval: str
    meaning: str
    legend_claimed: str
    legend_band: str
    legend_measured: str
    findings: str
    tests: str
    more: str
    sure: str
    steps: str
    more_steps: str
    who: str
    check: str
    check_how: str
    root: str
    run: str
    footer: str
    footer_unsealed: str


@dataclass(frozen=True)
class Words:
    """Everything that a summary says, in one language; ``code`` is its tag (``en``)."""

    code: str
    notation: Notation
    labels: Labels
    headlines: Headlines
    gates: GateLines
    choice: ChoiceLines
    identity: IdentityLines
    meanings: Meanings
    reasons: Reasons
    sureness: Sureness
    steps: Steps
    who: Who
    frame: Frame
