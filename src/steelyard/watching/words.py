"""A watch in sentences: the same for terminal, page and JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from steelyard.records.watching import PassFacts
from steelyard.reports.words import counted
from steelyard.stats.watching import MICRO
from steelyard.util.text import one_line
from steelyard.watching.changes import Change
from steelyard.watching.standing import Look, Standing

__all__ = ["change_words", "e_words", "headline", "percent", "remarks", "sparkline"]

_BARS: Final = "▁▂▃▄▅▆▇█"
_DAY_SECONDS: Final = 86_400


def percent(millionths: int) -> str:
    """A mean as a percentage, to one decimal."""
    return f"{millionths * 100 / MICRO:.1f} %"


def e_words(log_e: float) -> str:
    """E to two digits, in powers of ten where it is large."""
    if log_e > math.log(1e6):
        return f"10^{log_e / math.log(10):.0f}"
    return f"{math.exp(log_e):.2g}" if log_e < math.log(100) else f"{math.exp(log_e):,.0f}"


def headline(standing: Standing) -> str:
    """Where it stands, in one sentence."""
    if standing.baseline is None:
        done, passes = standing.log.done, standing.log.opened.passes
        return f"baseline: {done} of {passes} passes asked; nothing can be said before it is whole"
    bound, last = percent(standing.baseline.bound), standing.last
    if standing.alarm is not None:
        since = "" if standing.since in (None, standing.alarm) else f", perhaps since look {standing.since}"
        return (
            f"ALARM since look {standing.alarm}: the model is worse than its baseline (below {bound}){since}. "
            "It stays so until you begin another watch with a new baseline"
        )
    looks = sum(each.facts is not None for each in standing.looks)
    if last is None:
        return f"quiet: the baseline is whole (lower bound {bound}), and no look was taken yet"
    return (
        f"quiet: after {counted(looks, 'look')} nothing shows that the model fell below {bound} "
        f"(E {e_words(last.log_e)}, alarm at {standing.level:g})"
    )


def remarks(standing: Standing) -> list[str]:
    """What else is to be known: missing answers, lost passes, other changes, long gaps."""
    found = []
    if (left := standing.log.open) is not None:
        found.append(f"{left.words} was begun {left.begun.at} and is not finished: the next look goes on with it")
    last = standing.last
    if last is not None and last.facts is not None:
        found += _of_answers(standing, last, last.facts)
        found += [change_words(each) for each in last.changes]
    for lost in standing.lost:
        why = "its folder was gone" if getattr(lost.end, "reason", "") == "gone" else "it was given up"
        found.append(f"{lost.words}, begun {lost.begun.at}, is lost ({why}): nothing of it counts")
    if standing.alarm is None and standing.alarm_if_wrong is not None:
        found.append(
            f"were all missing answers and lost looks wrong, there would be an alarm since look "
            f"{standing.alarm_if_wrong}: find out why they are missing"
        )
    if back := standing.dated_back:
        before, after = back[0]
        more = f", and so {counted(len(back) - 1, 'later pass', 'later passes')}" if len(back) > 1 else ""
        found.append(
            f"{after.words} is dated {after.begun.at}, before the end of {before.words}{more}: the clock went back, or "
            "a time was changed"
        )
    gap = standing.longest_gap.total_seconds() / _DAY_SECONDS
    if gap > 2:
        found.append(f"between two looks nobody looked for {gap:.1f} days")
    return found


def _of_answers(standing: Standing, look: Look, facts: PassFacts) -> list[str]:
    found = []
    if facts.missing:
        found.append(
            f"{facts.missing} of {counted(facts.items, 'answer')} of look {look.number} are missing: they count as "
            "right, so that an outage raises no alarm"
        )
    if facts.open:
        found.append(
            f"{counted(facts.open, 'answer')} of look {look.number} cannot be read in one way: they count as not "
            "right, as in the baseline"
        )
    return found


def change_words(change: Change) -> str:
    """One remark; names that endpoints give are cut."""
    before, now = one_line(change.before, 120), one_line(change.now, 120)
    return {
        "served_name": f"changed: answers come from {now}, in the baseline from {before}",
        "template": f"changed: the same questions have {now} prompt tokens, in the baseline {before}: another chat "
        "template, tokenizer or system message",
        "tokens": f"changed: the median answer has {now} tokens, in the baseline {before}",
        "latency": f"changed: the median answer took {now} ms, in the baseline {before}",
        "rate": f"only {now} were right, over 15 points less than the lower bound {before}: one such look is no alarm",
        "thinks": f"changed: the model {now} before it answers, in the baseline it {before}",
    }[change.kind]


def sparkline(means: Sequence[int]) -> str:
    """Means as bars of eight heights, from 0 to the whole."""
    return "".join(_BARS[min(7, 8 * mean // MICRO)] for mean in means)
