"""What ``steelyard audit`` and ``steelyard run`` share: open the model, plan, carry the plan out under a progress
display.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import read_duration
from steelyard.errors import DeadlineExceeded, InputError

if TYPE_CHECKING:
    from steelyard.auditing.conductor import Audit
    from steelyard.auditing.session import SessionOptions
    from steelyard.cli.progress import RunProgress
    from steelyard.models import Settings
    from steelyard.planning.build import Options
    from steelyard.plugins import Model
    from steelyard.records import ClaimSheet, Verdict

__all__ = [
    "carry_out",
    "check_durations",
    "conduct_of",
    "default_folder",
    "open_model_here_or_on_ray",
    "options_of",
    "plan",
    "print_places",
]


def options_of(chosen: dict[str, Any], uri: str) -> Options:
    """The plan's options from the command line's."""
    from steelyard.cli.limits import limits_of
    from steelyard.planning.build import Options

    return Options(
        tolerance=chosen.get("tolerance", "2"),
        limit=chosen["limit"],
        budget_seconds=read_duration(chosen["budget"]),
        concurrency=chosen["concurrency"],
        data=chosen["data"],
        task_files=chosen["task_files"],
        with_texts=chosen["with_texts"],
        limits=limits_of(chosen, uri),
        repeats=chosen.get("repeats"),
        attempt_timeout=chosen["timeout"],
    )


async def plan(
    sheet: ClaimSheet, uri: str, options: Options, signer: Any, chosen: dict[str, Any], *, estimate: bool = False
) -> Audit:
    """Open the model and plan; the model is closed again where that fails."""
    from steelyard.auditing.conductor import plan_audit
    from steelyard.cli.progress import working
    from steelyard.models import Settings
    from steelyard.util.text import one_line

    settings = Settings(api_key_env=chosen["api_key_env"], timeout_seconds=options.attempt_timeout)
    if options.concurrency is not None:
        settings = replace(settings, concurrency=options.concurrency)
    model = open_model_here_or_on_ray(uri, settings, chosen)
    try:
        with working(f"planning {one_line(sheet.model or sheet.path, 80)} against {one_line(uri, 120)}"):
            async with asyncio.timeout(_time_left(chosen)):
                return await plan_audit(sheet, model, options, _order_prover(signer), estimate)
    except TimeoutError:
        await model.close()
        raise DeadlineExceeded(f"the deadline came while {one_line(uri, 120)} was being asked what it is") from None
    except BaseException:
        await model.close()
        raise


def open_model_here_or_on_ray(uri: str, settings: Settings, chosen: dict[str, Any]) -> Model:
    """Open the model in this process or, by --ray, on the workers of a cluster."""
    from steelyard.models import open_model

    if chosen["ray"] is None:
        if chosen["workers"] is not None:
            raise InputError("--workers is for --ray: give that too, or leave --workers out")
        return open_model(uri, settings)
    from steelyard.runner.ray import open_on_ray

    return open_on_ray(uri, settings, chosen["ray"], chosen["workers"])


async def carry_out(
    audit: Audit, uri: str, options: Options, run: Path, signer: Any, chosen: dict[str, Any]
) -> Verdict:
    """Run a planned audit to its seal, noting for a resume where model, data and tasks lie on this machine."""
    from steelyard.auditing.conductor import start_audit
    from steelyard.cli.progress import RunProgress

    local = {
        "model": uri,
        "data": str(options.data.resolve()) if options.data else "",
        "tasks": os.pathsep.join(str(path.resolve()) for path in options.task_files),
        "api_key_env": chosen["api_key_env"] or "",
    }
    gc.freeze()  # the plan and its samples live as long as the run: looking through them again and again costs 7 %
    try:
        with RunProgress(audit.plan) as progress:
            return await start_audit(audit, run, signer, local, conduct_of(chosen, progress))
    finally:
        await audit.model.close()


def conduct_of(chosen: dict[str, Any], progress: RunProgress) -> SessionOptions:
    """How this session goes about the plan, from the command line and its display."""
    from steelyard.auditing.session import PATIENCE_SECONDS, SessionOptions

    return SessionOptions(
        watcher=progress.watch,
        notify=progress.notify,
        deadline_seconds=_time_left(chosen),
        patience_seconds=read_duration(chosen["patience"], "--patience") or PATIENCE_SECONDS,
    )


def check_durations(chosen: dict[str, Any]) -> None:
    """Refuse a deadline or a patience that is no duration before anything is asked; the deadline runs from here."""
    read_duration(chosen["patience"], "--patience")
    deadline = read_duration(chosen["deadline"], "--deadline")
    chosen["ends_at"] = None if deadline is None else time.monotonic() + deadline


def _time_left(chosen: dict[str, Any]) -> float | None:
    ends_at: float | None = chosen["ends_at"]
    return None if ends_at is None else max(0.0, ends_at - time.monotonic())


def default_folder(name: str) -> Path:
    """``runs/NAME-TIME`` in the current folder."""
    from datetime import datetime

    run = Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    another = 1
    while run.exists():  # two runs began in the same second
        another += 1
        run = run.with_name(f"{run.name}-{another}")
    return run


def print_places(run: Path, *, signed: bool) -> None:
    """Say where the report lies and how to verify it. Paths go out whole, so that they can be copied at any width."""
    from steelyard.util.console import err

    click.echo(f"report  {run / 'report.html'}\nverify  steelyard verify {run}")
    if not signed:
        err().print("unsigned: anyone can check this run, nobody can tell who made it (steelyard key new makes a key)")


def _order_prover(signer: Any) -> Any:
    if signer is None:
        return None
    from steelyard.evidence.keys import order_proof

    return lambda material: order_proof(signer, material)
