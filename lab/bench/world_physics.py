"""Physics, hidden objects and recall of the JEPA for plain video: ``python -m bench.world_physics``.

Trains with three seeds from nothing, tries the detectors of shortcuts, and prints tables in Markdown. ``--runs`` uses
folders of models that ``steelyard world train scenes`` wrote.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from bench.engine.markdown import table
from steelyard_world.data.scenes_source import ScenesSource
from steelyard_world.evaluation import memory, physics, shortcut_check
from steelyard_world.evaluation.result import TestResult, matrix, mean_interval, summarise_scores
from steelyard_world.fitting import train_model
from steelyard_world.models.baselines.linear import Linear
from steelyard_world.models.model import WorldModel
from steelyard_world.sim.catalog import HELD_OUT
from steelyard_world.sim.scenes import CATEGORIES
from steelyard_world.stats.crossed import Interval, crossed_sum
from steelyard_world.training.budget import TrainingBudget

STEPS = 900
SEEDS = (0, 1, 2)
QUADS = 200
SCENES = 150
_UNTRAINED_SEED = 100  # and those after it: other draws of weights than any training began with


def main() -> None:
    """Train or load, test, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, help="folder of scenes-seed0, … ; what is missing is trained into it")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rivals-only", action="store_true", help="train no JEPA: only what the simplest rivals score")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.rivals_only:
        print(_rivals_alone(given.steps))
        return
    with tempfile.TemporaryDirectory() as folder:
        runs = given.runs or Path(folder)
        started = time.process_time()
        trained = [_trained(runs / f"scenes-seed{seed}", seed, given.steps) for seed in SEEDS]
        untrained = [_untrained(_UNTRAINED_SEED + seed) for seed in SEEDS]
        rivals = [_linear(seed, given.steps) for seed in SEEDS]
        buffer = _buffer(given.steps)
        print(_heading(trained), flush=True)
        print(_physics(trained, untrained, rivals, buffer), flush=True)
        print(_hidden(trained, untrained, buffer), flush=True)
        print(_recalled(trained, untrained), flush=True)
        print(f"{time.process_time() - started:.0f} CPU-seconds in all")


def _trained(folder: Path, seed: int, steps: int) -> WorldModel:
    if not (folder / "world.json").exists():
        train_model(ScenesSource(seed=seed), TrainingBudget(steps=steps), seed, out=folder)
    return WorldModel.load(folder)


def _untrained(seed: int) -> WorldModel:
    return train_model(ScenesSource(seed=seed), TrainingBudget(steps=1), seed, kind="untrained")


def _linear(seed: int, steps: int) -> tuple[WorldModel, WorldModel]:
    """Linear prediction, solved from the first clips of a training, read in both ways."""
    squared = train_model(ScenesSource(seed=seed), TrainingBudget(steps=steps), seed, kind="linear")
    assert isinstance(squared.learner, Linear)
    return squared, WorldModel(squared.learner.read_by("mahalanobis"), squared.card, "linear, Mahalanobis")


def _buffer(steps: int) -> WorldModel:
    return train_model(ScenesSource(seed=0), TrainingBudget(steps=steps), 0, kind="frame-buffer")


def _rivals_alone(steps: int) -> str:
    """The rivals' columns of the other tables, on the same quads and scenes."""
    began = time.process_time()
    seeds, scenes = range(HELD_OUT, HELD_OUT + QUADS), range(HELD_OUT, HELD_OUT + SCENES)
    pairs, buffer = [_linear(seed, steps) for seed in SEEDS], _buffer(steps)
    fitted = time.process_time() - began
    groups = [[squared for squared, _ in pairs], [other for _, other in pairs], [buffer]]
    rows = []
    for category in track(CATEGORIES, "physics", console=Console(stderr=True)):
        results = [[physics.run_physics(model, category, seeds) for model in group] for group in groups]
        quads = [float(np.mean([physics.quad_accuracy(result) for result in group])) for group in results]
        rows.append([category, *map(_shown, map(_interval, results)), *(f"{share:.3f}" for share in quads)])
    names = [group[0].name for group in groups]
    hidden = memory.hidden_object(buffer, scenes)
    errors = ", ".join(f"{error:.2f} after {k}" for k, error in memory.by_frames_hidden(hidden).items())
    found = memory.recall(memory.StoredPictures(), scenes)
    recalled = ", ".join(f"{result.mean:.3f} among {result.condition}" for result in found)
    count = pairs[0][0].card.trained
    assert count is not None
    title = (
        f"The simplest rivals on {QUADS} held-out quads, {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}: "
        f"{len(SEEDS)} × linear, {count.frames:,} frames each, and the buffer, fitted in {fitted:.0f} CPU-seconds"
    )
    note = (
        f"Hidden ball, {SCENES} scenes, frame-buffer: {_pooled(hidden):.2f} pixels (RMS); {errors}.\n"
        f"Recall of {2 * SCENES} moments, stored pictures: {recalled}."
    )
    return table(title, ["category", *names, *(f"{name}: quads" for name in names)], rows, 1, note)


def _shown(interval: Interval) -> str:
    return f"{interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _heading(trained: Sequence[WorldModel]) -> str:
    count = sum(parameter.numel() for parameter in trained[0].learner.parameters())
    rows = []
    for model in trained:
        card = model.card.trained
        assert card is not None
        rows.append([str(card.seed), f"{card.steps:,}", f"{card.frames:,}", f"{card.cpu_seconds:.0f}"])
    return table(
        f"Trainings of {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, one thread each, {count:,} parameters",
        ["seed", "steps", "frames", "CPU-seconds"],
        rows,
        1,
    )


def _physics(
    trained: Sequence[WorldModel],
    untrained: Sequence[WorldModel],
    rivals: Sequence[tuple[WorldModel, WorldModel]],
    buffer: WorldModel,
) -> str:
    seeds = range(HELD_OUT, HELD_OUT + QUADS)
    gates, rows, gains = [], [], list[list[str]]()
    for category in track(CATEGORIES, "physics", console=Console(stderr=True)):
        gate = shortcut_check.check_category(category, untrained)
        gates.append(gate)
        results = [
            physics.run_physics(model, category, seeds, training_seed=seed)
            for seed, model in zip(SEEDS, trained, strict=True)
        ]
        accuracy = _interval(results)
        simplest = [physics.run_physics(model, category, seeds) for pair in rivals for model in pair]
        simplest.append(physics.run_physics(buffer, category, seeds))
        gains.append(_gained(category, results, simplest))
        rows.append(
            [
                category if gate.passed else f"{category} (refused)",
                *(f"{result.mean:.3f}" for result in results),
                _shown(accuracy),
                " / ".join(f"{physics.auc(result):.3f}" for result in results),
                _quads(results) if not gate.quad_faults else f"refused ({_quads(results)})",
            ]
        )
    headings = ["category", *(f"seed {seed}" for seed in SEEDS), "mean [95 %]", "AUC by seed", "quads right [95 %]"]
    scores = table(f"Pair accuracy, {QUADS} held-out quads a category", headings, rows, 1)
    names = ["linear", "linear, Mahalanobis", "frame-buffer"]
    over = table(
        "The simplest rivals on the same quads, and what the JEPA gains over the best of them",
        ["category", "JEPA", *names, "gain [95 %]", "over"],
        gains,
        1,
    )
    return "\n".join(
        [_gates(gates), *(f"{gate.category}: {fault}" for gate in gates for fault in gate.quad_faults), scores, over]
    )


def _gained(category: str, results: Sequence[TestResult], simplest: Sequence[TestResult]) -> list[str]:
    """A row: scores, and the gain as :func:`summarise_scores` has it, lowest end over all rivals."""
    found = summarise_scores(results, simplest)
    scores = [f"{score:.3f}" for score in found.controls.values()]
    gain = f"{found.gain:+.3f} [{found.gain_low:+.3f}, {found.gain_high:+.3f}]"
    return [category, f"{found.score:.3f}", *scores, gain, found.floor_name]


def _quads(results: Sequence[TestResult]) -> str:
    return _shown(mean_interval(np.stack([physics.quad_accuracy(result) for result in results])))


def _gates(gates: Sequence[shortcut_check.ShortcutCheck]) -> str:
    rows = [
        [name if check.gates else f"{name} (reference)", *(_shares(gate.checks[place]) for gate in gates)]
        for place, (name, check) in enumerate((check.detector, check) for check in gates[0].checks)
    ]
    rows.append(["reported", *(f"{_yes(gate.passed)}, {_yes(not gate.quad_faults)}" for gate in gates)])
    return table(
        f"Detectors of shortcuts: accuracy in pairs, in whole quads, {gates[0].quads} quads a category",
        ["detector", *(gate.category for gate in gates)],
        rows,
        1,
    )


def _shares(check: shortcut_check.DetectorCheck) -> str:
    return f"{check.accuracy:.3f}, {check.quads:.3f}"


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _hidden(trained: Sequence[WorldModel], untrained: Sequence[WorldModel], buffer: WorldModel) -> str:
    seeds = range(HELD_OUT, HELD_OUT + SCENES)
    results = [memory.hidden_object(model, seeds) for model in (*trained, *untrained)]
    results += [memory.hidden_object(buffer, seeds), memory.screen_alone(seeds)]
    names = (
        [f"trained, seed {seed}" for seed in SEEDS]
        + [f"untrained {seed}" for seed in SEEDS]
        + ["frame-buffer", "screen alone"]
    )
    after = [memory.by_frames_hidden(result) for result in results]
    rows = [
        [name, f"{_pooled(result):.2f}", *(f"{error:.2f}" for error in errors.values())]
        for name, result, errors in zip(names, results, after, strict=True)
    ]
    headings = ["reading", "all frames", *(f"after {k}" for k in after[0])]
    own = results[: len(SEEDS)]
    note = " ".join(
        (_ratio(own, results[len(SEEDS) : -2], "untrained"), _ratio(own, results[-2:-1], "the frame buffer"))
    )
    return table(f"Hidden ball: error in pixels (RMS), {SCENES} scenes", headings, rows, 1, note)


def _ratio(trained: Sequence[TestResult], others: Sequence[TestResult], name: str) -> str:
    tables = [matrix(results, trained[0].units) for results in (trained, others)]
    ratio, whole = tables[0].mean() / tables[1].mean(), tables[1].mean()
    found = crossed_sum(tables, [1 / whole, -ratio / whole])  # the ratio, linearised at the estimate
    return (
        f"Mean error of a scene, trained over {name}: {ratio:.2f} "
        f"[{ratio + found.low:.2f}, {ratio + found.high:.2f}] (95 %, over seeds and scenes)."
    )


def _recalled(trained: Sequence[WorldModel], untrained: Sequence[WorldModel]) -> str:
    seeds = range(HELD_OUT, HELD_OUT + SCENES)
    found = [memory.recall(model, seeds) for model in (*trained, *untrained)]
    rows = []
    for name, kind in (("trained", found[: len(SEEDS)]), ("untrained", found[len(SEEDS) :])):
        for place, first in enumerate(kind[0]):
            results = [each[place] for each in kind]
            mean = _interval(results)
            rows.append(
                [
                    name,
                    first.condition,
                    " / ".join(f"{result.mean:.3f}" for result in results),
                    _shown(mean),
                ]
            )
    for store in (memory.StoredPictures(), memory.LastFrames()):
        rows += [[store.name, result.condition, f"{result.mean:.3f}", ""] for result in memory.recall(store, seeds)]
    return table(
        f"Moments found first, {2 * SCENES} asked for", ["store of", "among", "by seed", "mean [95 %]"], rows, 2
    )


def _interval(results: Sequence[TestResult]) -> Interval:
    return mean_interval(matrix(results, results[0].units))


def _pooled(result: TestResult) -> float:
    return float(np.sqrt(sum(result.details["squared error"]) / sum(result.details["frames hidden"])))


if __name__ == "__main__":
    main()
