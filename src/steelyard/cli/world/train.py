"""``steelyard world train``: learn from a simulated world, from scenes or from videos."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.world.data.batch import Source
    from steelyard.world.data.sources import SourceSettings
    from steelyard.world.models.model import WorldModel
    from steelyard.world.training.budget import TrainingBudget
    from steelyard.world.training.loop import TrainSettings

COUNT = click.IntRange(min=1)


def _finite(_context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Refuse NaN and infinity, which click's ranges let through."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no finite number.", param=option)
    return value


@click.command()
@click.argument("source")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder for the model and its log.")
@click.option(
    "--model",
    "kind",
    metavar="KIND",
    help="jepa, jepa-map, vjepa, or a rival: pixel, vq-gpt, rssm.  [default: what the source is known to need]",
)
@click.option("--size", metavar="SIZE", help="For vjepa: tiny, small, vit-s, vit-b or vit-l.  [default: tiny]")
@click.option("--config", metavar="JSON", help='Settings of the model that differ: {"latent": 128}.')
@click.option("--steps", type=COUNT, metavar="N", help="End after N optimiser steps.  [default, in a world: enough]")
@click.option("--frames", type=COUNT, metavar="N", help="End after N frames.")
@click.option(
    "--cpu-seconds",
    type=click.FloatRange(min=0, min_open=True),
    callback=_finite,
    metavar="S",
    help="End after S CPU-seconds.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of weights and clips.")
@click.option(
    "--batch",
    type=click.IntRange(1, 65_536),
    metavar="N",
    help="Clips a step, over all processes.  [default: by source]",
)
@click.option("--length", type=click.IntRange(2, 100_000), metavar="N", help="Frames a clip.  [default: by source]")
@click.option(
    "--pool",
    type=click.IntRange(1, 10_000_000),
    metavar="N",
    help="Of a world: learn from only N different episodes.",
)
@click.option("--stride", type=COUNT, metavar="N", help="Of videos: take every N-th frame.  [default: 4]")
@click.option("--workers", type=click.IntRange(0, 256), metavar="N", help="Processes that decode videos.  [default: 1]")
@click.option("--threads", type=COUNT, default=1, show_default=True, help="Of a process: more help only large models.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, max=10, min_open=True),
    callback=_finite,
    metavar="X",
    help="Of the first steps after the warm-up.  [default: by source]",
)
@click.option("--tensorboard", is_flag=True, help="Log to TensorBoard too.")
@click.option("--resume", is_flag=True, help="Go on where a training into this folder stopped; say all else as before.")
def command(source: str, **chosen: Any) -> None:
    """Train a world model from SOURCE: two-room, two-room-fixed, push, point-maze, scenes, or videos.

    Videos are a folder, a glob in quotes, or a CSV list with a path a line.

    On many processes or GPUs: torchrun --nproc-per-node N -m steelyard world train SOURCE …
    """
    import torch

    from steelyard.cli.world.train_progress import TrainProgress
    from steelyard.world.data.sources import open_source
    from steelyard.world.models.model import WorldModel

    torch.set_num_threads(chosen["threads"])
    plan = _plan(source, chosen)
    clips = open_source(source, plan.clips)
    try:
        with TrainProgress() as progress:
            model = WorldModel.fit(
                clips,
                plan.budget,
                chosen["seed"],
                kind=plan.kind,
                config=plan.config,
                out=chosen["out"],
                progress=progress.show,
                settings=plan.settings,
                resume=chosen["resume"],
            )
    finally:
        clips.close()
    _tell(model, clips, chosen["out"])


class _Plan(NamedTuple):
    kind: str
    config: dict[str, Any]
    clips: SourceSettings
    settings: TrainSettings
    budget: TrainingBudget


def _plan(source: str, chosen: dict[str, Any]) -> _Plan:
    """What was asked for, over what trains well in that world; raises InputError where neither says how long."""
    from steelyard.world.data.sources import SourceSettings, expect_source, is_video
    from steelyard.world.models.kinds import config_of
    from steelyard.world.training.budget import TrainingBudget
    from steelyard.world.training.loop import TrainSettings
    from steelyard.world.training.presets import preset

    usual = None if is_video(source) else preset(source)
    kind = chosen["kind"] or (usual.kind if usual else "vjepa")
    known = usual if usual and usual.kind == kind else None
    config = (known.config if known else {}) | _config(kind, chosen)
    rate = chosen["learning_rate"] or (known.learning_rate if known else TrainSettings().learning_rate)
    limits = {name: chosen[name] for name in ("steps", "frames", "cpu_seconds") if chosen[name]}
    if not limits and known:
        limits = {"steps": known.steps}
    if not limits:
        expect_source(source)  # a mistyped name is to be called that
        raise InputError("say how long to train: --steps, --frames or --cpu-seconds")
    made = config_of(kind, config, None if usual else 0)  # a mistake in it is told before a video is opened
    clips = SourceSettings(
        seed=chosen["seed"],
        batch=chosen["batch"] or (usual.batch if usual else None),
        length=chosen["length"] or (usual.length if usual else getattr(made, "frames", None)),
        pool=chosen["pool"],
        stride=chosen["stride"],
        side=getattr(made, "side", SourceSettings().side),
        workers=chosen["workers"],
    )
    settings = TrainSettings(seed=chosen["seed"], learning_rate=rate, tensorboard=chosen["tensorboard"])
    return _Plan(kind, config, clips, settings, TrainingBudget(**limits))


def _config(kind: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """The settings of a model: those of a named size, then those given."""
    import msgspec

    sized: dict[str, Any] = {}
    if kind == "vjepa":
        from steelyard.world.models.vjepa.config import config_of

        sized = msgspec.to_builtins(config_of(chosen["size"] or "tiny"))
        if chosen["length"]:
            sized["frames"] = chosen["length"]
    elif chosen["size"]:
        raise InputError(f"--size names a V-JEPA; the size of {kind} is set by --config")
    try:
        given = msgspec.json.decode(chosen["config"] or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise InputError(f'--config is no JSON object, as {{"latent": 128}}: {error}') from error
    return sized | given


def _tell(model: WorldModel, clips: Source, out: Path) -> None:
    from steelyard.util.console import err
    from steelyard.util.console import out as results
    from steelyard.world.training.distributed import is_first

    trained = model.card.trained
    assert trained is not None
    if not is_first():
        return
    losses = ", ".join(f"{name} {value:.4g}" for name, value in trained.losses.items())
    summary = getattr(clips, "summary", None)
    if summary is not None:
        err().print(summary())
    results().print(
        f"trained {model.card.kind} for {trained.steps:,} steps, {trained.frames:,} frames, "
        f"{trained.cpu_seconds:.1f} CPU-seconds ({trained.seconds:.1f} s): {losses or 'nothing to train'}; "
        f"it is in {out}"
    )
