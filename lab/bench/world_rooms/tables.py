"""The measurements as rows of a table, and the targets as PASS or FAIL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.world_rooms.work import Controls, Tested
from steelyard_world.evaluation.result import ScoreSummary, summarise_scores
from steelyard_world.report.words import interval_text, settings_line, value

__all__ = ["HEADINGS", "Checked", "checked", "over_no_obstacles", "row", "settings_of", "verdicts"]

HEADINGS = ("world", "reached", "each seed", "floor", "ceiling", "normalised", "each seed")
_TARGETS = {"two-room-fixed": 0.95, "two-room": 0.8}
_CPU_SECONDS = 900.0


class Checked(NamedTuple):
    """A world's summary, and each training seed's own."""

    summary: ScoreSummary
    by_seed: tuple[ScoreSummary, ...]
    training_cpu: tuple[float, ...]
    episode_cpu: float
    parameters: int
    frames: int
    no_obstacles: float
    """What the same planner reaches without obstacles in its model: a control, and not the targets' floor."""
    over_no_obstacles: ScoreSummary
    """The summary again, with that control among the floors."""


def checked(models: Sequence[Tested], control: Controls) -> Checked:
    """Summarise the models of one world against its controls."""
    results = [model.result for model in models]
    return Checked(
        summary=summarise_scores(results, control.floors, control.ceilings),
        by_seed=tuple(summarise_scores([result], control.floors, control.ceilings) for result in results),
        training_cpu=tuple(model.training_cpu for model in models),
        episode_cpu=sum(model.episode_cpu for model in models) / len(models),
        parameters=models[0].parameters,
        frames=models[0].frames,
        no_obstacles=control.no_obstacles.mean,
        over_no_obstacles=summarise_scores(results, (*control.floors, control.no_obstacles), control.ceilings),
    )


def row(each: Checked) -> tuple[str, ...]:
    """A line of the table; intervals are of 95 %."""
    summary = each.summary
    return (
        summary.world,
        f"{summary.score:.3f} [{interval_text(summary.low, summary.high)}]",
        ", ".join(value(score) for score in summary.by_seed),
        value(summary.floor),
        value(summary.ceiling),
        f"{value(summary.normalised)} [{interval_text(summary.normalised_low, summary.normalised_high)}]",
        ", ".join(value(one.normalised) for one in each.by_seed),
    )


def over_no_obstacles(each: Checked) -> str:
    """The normalised value over the highest floor: what the model adds to a planner that ignores obstacles."""
    summary = each.over_no_obstacles
    return (
        f"{summary.world}: {summary.seeds} trainings × {summary.units} episodes, floor {each.summary.floor_name}, "
        f"ceiling {summary.ceiling_name}, no obstacles {value(each.no_obstacles)}; over {summary.floor_name}, "
        f"the highest: {value(summary.normalised)} [{interval_text(summary.normalised_low, summary.normalised_high)}]"
    )


def settings_of(each: Checked) -> str:
    """The cost of a training, and the planner that model and ceiling share."""
    seconds = ", ".join(f"{cpu:.0f}" for cpu in each.training_cpu)
    return (
        f"{each.summary.world}: {each.parameters:,} parameters, {each.frames:,} frames, {seconds} CPU-s a training, "
        f"{each.episode_cpu:.2f} CPU-s an episode; {settings_line(each.summary.settings)}"
    )


def verdicts(worlds: Sequence[Checked], cpu: float) -> list[str]:
    """PASS or FAIL for each target; how far the worst training is from it is added, and decides nothing."""
    lines = []
    for each in worlds:
        target = _TARGETS[each.summary.world]
        reached, worst = each.summary.normalised or 0.0, min((one.normalised or 0.0) for one in each.by_seed)
        lines.append(
            f"{_word(reached >= target)}  {each.summary.world}: normalised success of at least {target:.2f} "
            f"({reached:.3f}; the worst of {each.summary.seeds} trainings has {worst:.3f})"
        )
    lines.append(f"{_word(cpu <= _CPU_SECONDS)}  at most {_CPU_SECONDS:.0f} CPU-seconds from nothing ({cpu:.0f})")
    return lines


def _word(kept: bool) -> str:
    return "PASS" if kept else "FAIL"
