"""How often a detector accused honest vendors in simulation: the numbers that stand beside its result.

The file is written by ``python -m bench.gauntlet``, ``bench.identity``, ``bench.next_token``, ``bench.small_world``,
``bench.panel``, ``bench.text_identity``, ``bench.published_logs``, ``bench.published_by_text``, ``bench.assembled``,
``bench.inhouse`` and ``bench.judge_gaming``, and ships with this version, so that two reports of one version say the
same.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from steelyard.records import Plan
from steelyard.records.record import Record

__all__ = ["MeasuredElsewhere", "MeasuredRates", "RuleRate", "measured_elsewhere", "measured_rates", "sentence_on"]


class RuleRate(Record, frozen=True, kw_only=True):
    """The share of tests of one rule that accused honest vendors at level ``at``, with its 95 % interval."""

    share: float
    low: float
    high: float
    tests: int


class MeasuredElsewhere(Record, frozen=True, kw_only=True):
    """The rate of one rule that was not measured on simulated vendors: of what, and when."""

    date: str
    what: str
    rate: RuleRate


class MeasuredRates(Record, frozen=True, kw_only=True):
    """One run of the gauntlet: when, with how many honest vendors, and what it found by rule.

    ``report``: the share of honest vendors of whom a whole report accused something. ``elsewhere``: rules that were
    measured otherwise.
    """

    date: str
    world: str
    vendors: int
    at: float
    report: RuleRate
    rules: dict[str, RuleRate]
    elsewhere: dict[str, MeasuredElsewhere] = msgspec.field(default_factory=dict)

    @property
    def of_reports(self) -> RuleRate | None:
        """``report``; None where it is of reports whose claims a former rule tested, so that ``rules`` has none."""
        return self.report if any(rule.startswith("claim_retest@") for rule in self.rules) else None


@cache
def measured_rates() -> MeasuredRates:
    """What ships with this version."""
    data = files("steelyard.reports").joinpath("measured_rates.json").read_bytes()
    return msgspec.json.decode(data, type=MeasuredRates)


def sentence_on(plan: Plan | None) -> str:
    """What was measured of the rules that a plan's tests have; empty where none of them was in the gauntlet."""
    if plan is None:
        return ""
    found, sentences = measured_rates(), []
    if rules := list(dict.fromkeys(test.rule for test in plan.tests if test.rule in found.rules)):
        each = ", ".join(f"{rule} accused in {_share(found.rules[rule])}" for rule in rules)
        whole = found.of_reports
        said = f"; {_share(whole)} of whole reports accused an honest vendor of something" if whole else ""
        sentences.append(
            f"Measured on {found.vendors:,} simulated honest vendors ({found.date}), at {found.at:g}: {each} of single "
            f"tests{said}."
        )
    sentences += filter(None, map(measured_elsewhere, dict.fromkeys(test.rule for test in plan.tests)))
    return " ".join(sentences)


def measured_elsewhere(rule: str) -> str:
    """What was measured of one rule that is not in the gauntlet; empty where nothing was."""
    other = measured_rates().elsewhere.get(rule)
    if other is None:
        return ""
    return f"{rule} accused in {_share(other.rate)} of {other.rate.tests:,} {other.what} ({other.date})."


def _share(rate: RuleRate) -> str:
    return f"{100 * rate.share:.1f} % ({100 * rate.low:.1f} to {100 * rate.high:.1f})"
