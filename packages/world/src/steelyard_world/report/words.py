"""The words and numbers that the terminal and the page share. Intervals are rounded outward."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from steelyard.reports.words import counted
from steelyard.util.text import one_line
from steelyard_world.evaluation.result import ScoreSummary, Setting, standing

__all__ = [
    "STANDINGS",
    "against",
    "gained",
    "interval_text",
    "lost",
    "name_of",
    "score_headline",
    "score_limits",
    "settings_line",
    "signed",
    "sized",
    "value",
]

STANDINGS = {
    "above": ("consistent", "better than its floor"),
    "unclear": ("insufficient-power", "not distinguished from its floor"),
    "below": ("inconsistent", "worse than its floor"),
    "no floor": ("not-testable", "no floor measured"),
}


def value(number: float | None) -> str:
    """Two decimals, a dash for none."""
    return "–" if number is None else f"{number:.2f}".replace("-", "−")


def signed(number: float) -> str:
    """``+0.12`` or ``−0.30``."""
    return f"{number:+.2f}".replace("-", "−")


def interval_text(low: float | None, high: float | None) -> str:
    """``0.81–0.93``, never narrower than it was computed."""
    if low is None or high is None:
        return "–"
    # Rounding errors of floating point must not widen the interval.
    lower, upper = math.floor(100 * low + 1e-9) / 100, math.ceil(100 * high - 1e-9) / 100
    return f"{value(lower + 0.0)} to {value(upper + 0.0)}" if lower < 0 else f"{value(lower)}–{value(upper)}"


def name_of(summary: ScoreSummary) -> str:
    """Test and, if any, condition."""
    return one_line(f"{summary.test}, {summary.condition}" if summary.condition else summary.test, 60)


def against(level: float | None, name: str) -> str:
    """A floor or ceiling with its name."""
    return value(level) + (f" ({one_line(name, 40)})" if level is not None and name else "")


def sized(summary: ScoreSummary) -> str:
    """``3 × 100``: training seeds times units."""
    return f"{summary.seeds} × {summary.units:,}"


def lost(summary: ScoreSummary) -> str:
    """The loss by a shift, as ``lost 0.12 (0.03–0.21)``; empty where it was not measured."""
    if summary.lost is None:
        return ""
    return f"lost {value(summary.lost)} ({interval_text(summary.lost_low, summary.lost_high)})"


def gained(summary: ScoreSummary) -> str:
    """How much better than the best floor, as ``−0.12 (−0.20 to −0.03) over linear``; empty without a floor."""
    if summary.gain is None:
        return ""
    between = interval_text(summary.gain_low, summary.gain_high)
    return f"{signed(summary.gain)} ({between}) over {one_line(summary.floor_name, 40)}"


def settings_line(settings: Mapping[str, Setting]) -> str:
    """``horizon 12, samples 256, cost min``."""
    return ", ".join(f"{one_line(str(key), 30).replace('_', ' ')} {_setting(each)}" for key, each in settings.items())


def _setting(setting: Setting) -> str:
    if isinstance(setting, bool):
        return "yes" if setting else "no"
    return f"{setting:g}" if isinstance(setting, float) else one_line(str(setting), 60)


def score_headline(summaries: Sequence[ScoreSummary]) -> str:
    """One sentence: how many scores are better than their floor by their whole interval."""
    if not summaries:
        return "Nothing was tested"
    judged = [summary for summary in summaries if standing(summary) != "no floor"]
    if not judged:
        return f"{counted(len(summaries), 'score')}, without a floor to compare with"
    above = sum(standing(summary) == "above" for summary in judged)
    below = sum(standing(summary) == "below" for summary in judged)
    unclear = len(judged) - above - below
    parts = [f"{above} of {counted(len(judged), 'score')} better than {'its' if len(judged) == 1 else 'their'} floor"]
    parts += [f"{unclear} not distinguished from it"] if unclear else []
    parts += [f"{below} worse than it"] if below else []
    return ", ".join(parts)


def score_limits(summaries: Sequence[ScoreSummary]) -> list[str]:
    """The limits of the numbers: what they do not show."""
    sentences = [
        "Scores are of small simulated worlds, 64 × 64 pixels: they do not carry over to other worlds.",
        "Intervals (95 %) are t intervals over training seeds and scenes together; floor and ceiling count as measured "
        "on the same scenes. There are several scores, and no correction is made for their number.",
    ]
    seeds = {summary.seeds for summary in summaries}
    if 1 in seeds:
        sentences.append(
            "Where only one training seed was tested, the interval covers the choice of scenes but not how "
            "trainings vary: another training may fall outside of it. Give three checkpoints or more."
        )
    if any(1 < count < 5 for count in seeds):
        sentences.append(
            "With fewer than five training seeds an interval is wide, and it misses trainings that fail rarely."
        )
    if any(summary.ceiling is not None and "dynamics" in summary.ceiling_name for summary in summaries):
        sentences.append(
            "The ceiling is the same planner with the true dynamics and the true distance: a better planner could "
            "exceed it, so a normalised score can pass 1."
        )
    return sentences
