"""``steelyard world train``: train on a simulated world, on scenes or on videos."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard_world.data.batch import Source
    from steelyard_world.data.sources import SourceSettings
    from steelyard_world.models.model import WorldModel
    from steelyard_world.training.budget import TrainingBudget
    from steelyard_world.training.loop import TrainSettings

COUNT = click.IntRange(min=1)


def _finite(_context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Refuse NaN, which click's ranges accept."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.", param=option)
    return value


@click.command()
@click.argument("source")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder for the model and its log.")
@click.option(
    "--model",
    "kind",
    metavar="KIND",
    help="jepa, jepa-map, vjepa, or a rival: pixel, vq-gpt, rssm, linear, frame-buffer.  "
    "[default: depends on the data]",
)
@click.option("--size", metavar="SIZE", help="For vjepa: tiny, small, vit-s, vit-b or vit-l.  [default: tiny]")
@click.option("--config", metavar="JSON", help='Model settings that differ from the defaults: {"latent": 128}.')
@click.option(
    "--steps", type=COUNT, metavar="N", help="End after N optimiser steps.  [default in a world: depends on the world]"
)
@click.option("--frames", type=COUNT, metavar="N", help="End after N frames.")
@click.option(
    "--cpu-seconds",
    type=click.FloatRange(min=0, min_open=True),
    callback=_finite,
    metavar="S",
    help="End after S CPU-seconds.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Seed of weights and clips."
)
@click.option(
    "--batch",
    type=click.IntRange(1, 65_536),
    metavar="N",
    help="Clips in a step, over all processes.  [default: depends on the data]",
)
@click.option(
    "--length", type=click.IntRange(2, 100_000), metavar="N", help="Frames in a clip.  [default: depends on the data]"
)
@click.option(
    "--pool",
    type=click.IntRange(1, 10_000_000),
    metavar="N",
    help="For worlds: train on only N different episodes.",
)
@click.option("--stride", type=COUNT, metavar="N", help="For videos: take every N-th frame.  [default: 4]")
@click.option("--workers", type=click.IntRange(0, 256), metavar="N", help="Processes that decode videos.  [default: 1]")
@click.option(
    "--threads",
    type=COUNT,
    default=1,
    show_default=True,
    help="Threads of a process; more than 1 helps only large models.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, max=10, min_open=True),
    callback=_finite,
    metavar="X",
    help="Learning rate after the warm-up.  [default: depends on the data]",
)
@click.option("--tensorboard", is_flag=True, help="Also log to TensorBoard.")
@click.option("--resume", is_flag=True, help="Continue a training that stopped; give all other options as before.")
def command(source: str, **args: Any) -> None:
    """Train a world model on SOURCE: two-room, two-room-fixed, push, point-maze, scenes, or videos.

    Videos are a folder, a glob in quotes, or a CSV list with one path a line.

    On many processes or GPUs: torchrun --nproc-per-node N -m steelyard world train SOURCE …
    """
    import torch

    from steelyard_world.cli.train_progress import TrainProgress
    from steelyard_world.data.sources import open_source
    from steelyard_world.fitting import train_model

    torch.set_num_threads(args["threads"])
    plan = _plan(source, args)
    clips = open_source(source, plan.clips)
    try:
        with TrainProgress() as progress:
            model = train_model(
                clips,
                plan.budget,
                args["seed"],
                kind=plan.kind,
                config=plan.config,
                out=args["out"],
                progress=progress.show,
                settings=plan.settings,
                resume=args["resume"],
            )
    finally:
        clips.close()
    _print_report(model, clips, args["out"])


class _Plan(NamedTuple):
    kind: str
    config: dict[str, Any]
    clips: SourceSettings
    settings: TrainSettings
    budget: TrainingBudget


def _plan(source: str, args: dict[str, Any]) -> _Plan:
    """Combine the options with the preset of the source; raises InputError where neither sets a budget."""
    from steelyard_world.data.sources import SourceSettings, expect_source, is_video
    from steelyard_world.models.kinds import config_of
    from steelyard_world.training.budget import TrainingBudget
    from steelyard_world.training.loop import TrainSettings
    from steelyard_world.training.presets import preset

    usual = None if is_video(source) else preset(source)
    kind = args["kind"] or (usual.kind if usual else "vjepa")
    known = usual if usual and usual.kind == kind else None
    config = (known.config if known else {}) | _config(kind, args)
    rate = args["learning_rate"] or (known.learning_rate if known else TrainSettings().learning_rate)
    limits = {name: args[name] for name in ("steps", "frames", "cpu_seconds") if args[name]}
    if not limits and known:
        limits = {"steps": known.steps}
    if not limits:
        expect_source(source)  # report a mistyped name as such
        raise InputError("give a budget: --steps, --frames or --cpu-seconds")
    made = config_of(kind, config, None if usual else 0)  # an error in it is raised before a video is opened
    clips = SourceSettings(
        seed=args["seed"],
        batch=args["batch"] or (usual.batch if usual else None),
        length=args["length"] or (usual.length if usual else getattr(made, "frames", None)),
        pool=args["pool"],
        stride=args["stride"],
        side=getattr(made, "side", SourceSettings().side),
        workers=args["workers"],
    )
    settings = TrainSettings(seed=args["seed"], learning_rate=rate, tensorboard=args["tensorboard"])
    return _Plan(kind, config, clips, settings, TrainingBudget(**limits))


def _config(kind: str, args: dict[str, Any]) -> dict[str, Any]:
    """Give the settings of a model: those of a named size, then those of --config."""
    import msgspec

    sized: dict[str, Any] = {}
    if kind == "vjepa":
        from steelyard_world.models.vjepa.config import config_of_size

        sized = msgspec.to_builtins(config_of_size(args["size"] or "tiny"))
        if args["length"]:
            sized["frames"] = args["length"]
    elif args["size"]:
        raise InputError(f"--size is for vjepa: set the size of {kind} with --config")
    try:
        given = msgspec.json.decode(args["config"] or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise InputError(f'--config is not a JSON object, such as {{"latent": 128}}: {error}') from error
    return sized | given


def _print_report(model: WorldModel, clips: Source, out: Path) -> None:
    from steelyard.util.console import err
    from steelyard.util.console import out as results
    from steelyard_world.data.batch import HasSummary
    from steelyard_world.training.distributed import is_first

    trained = model.card.trained
    assert trained is not None
    if not is_first():
        return
    losses = ", ".join(f"{name} {value:.4g}" for name, value in trained.losses.items())
    if isinstance(clips, HasSummary):
        err().print(clips.summary())
    results().print(
        f"trained {model.card.kind} for {trained.steps:,} steps, {trained.frames:,} frames, "
        f"{trained.cpu_seconds:.1f} CPU-seconds ({trained.seconds:.1f} s): {losses or 'nothing to train'}; "
        f"saved in {out}"
    )
