"""Shared by ``steelyard audit`` and ``steelyard run``: open models, plan, and run with a progress display."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.api.conduct import local_settings_for, models_in_words, plan_within, settings_of
from steelyard.cli.options import RunArguments
from steelyard.errors import InputError
from steelyard.util.duration import read_duration

if TYPE_CHECKING:
    from steelyard.api.progress import RunProgress
    from steelyard.auditing.conductor import Audit
    from steelyard.auditing.session import SessionOptions
    from steelyard.evidence.keys import CryptoSigner
    from steelyard.models import Settings
    from steelyard.planning.options import Options
    from steelyard.plugins import Model
    from steelyard.records import Verdict

__all__ = [
    "by_role",
    "carry_out",
    "open_model_here_or_on_ray",
    "open_models",
    "options_of",
    "planned",
    "print_places",
    "session_options",
]


def options_of(
    args: RunArguments, *, tolerance: str = "2", repeats: int | None = None, detectors: tuple[str, ...] = ()
) -> Options:
    """The plan's options from the command line's. Raises InputError for an invalid price or duration."""
    from steelyard.api.limits import limits_of
    from steelyard.planning.options import Options

    return Options(
        tolerance=tolerance,
        limit=args.limit,
        budget_seconds=read_duration(args.budget),
        concurrency=args.concurrency,
        data=args.data,
        task_files=args.task_files,
        with_texts=args.with_texts,
        role_limits={role: limits_of(vars(args), one) for role, one in by_role(args.uri, "--model").items()},
        repeats=repeats,
        detectors=detectors,
        attempt_timeout=args.timeout,
    )


async def planned(
    name: str,
    options: Options,
    args: RunArguments,
    plan: Callable[[Mapping[str, Model]], Coroutine[Any, Any, Audit]],
) -> Audit:
    """Open the models and plan what is asked of them; they are closed if that fails.

    Raises DeadlineExceeded if the deadline ends before the models are identified.
    """
    from steelyard.api.progress import working
    from steelyard.util.text import one_line

    uris, keys = by_role(args.uri, "--model"), by_role(args.api_key_env, "--api-key-env")
    models = open_models(uris, keys, settings_of(options), args)
    against = models_in_words(uris)
    try:
        with working(f"planning {one_line(name, 80)} against {against}"):
            return await plan_within(plan(models), args.seconds_left, against)
    except BaseException:
        await _close(models)
        raise


def by_role(values: tuple[str, ...], option: str) -> dict[str, str]:
    """``ROLE=VALUE`` by role; values without a role are the subject's. Raises InputError for a role given twice."""
    from steelyard.records import SUBJECT

    found: dict[str, str] = {}
    for value in values:
        parts = re.fullmatch(r"([a-z][a-z0-9-]*)=(.*)", value, re.DOTALL)
        role, plain = (parts[1], parts[2]) if parts else (SUBJECT, value)
        if role in found:
            raise InputError(f"{option} is given twice for the role {role}: give it once for each role, as ROLE=VALUE")
        found[role] = plain
    return found


def open_models(
    uris: Mapping[str, str], keys: Mapping[str, str], settings: Settings, args: RunArguments
) -> dict[str, Model]:
    """Open every model, by role. Raises InputError without a subject, or if a model cannot be opened."""
    from steelyard.records import SUBJECT

    if SUBJECT not in uris:
        raise InputError("no model under test is given: add --model URI, without a role")
    found: dict[str, Model] = {}
    for role, uri in uris.items():
        found[role] = open_model_here_or_on_ray(uri, replace(settings, api_key_env=keys.get(role)), args)
    return found


async def _close(models: Mapping[str, Model]) -> None:
    for model in models.values():
        await model.close()


def open_model_here_or_on_ray(uri: str, settings: Settings, args: RunArguments) -> Model:
    """Open the model in this process or, with --ray, on the workers of a cluster. Raises InputError if it cannot."""
    from steelyard.models import open_model

    if args.ray is None:
        if args.workers is not None:
            raise InputError("--workers needs --ray: add it, or leave out --workers")
        return open_model(uri, settings)
    from steelyard.runner.ray import open_on_ray

    return open_on_ray(uri, settings, args.ray, args.workers)


async def carry_out(
    audit: Audit,
    options: Options,
    run: Path,
    signer: CryptoSigner | None,
    args: RunArguments,
) -> Verdict:
    """Run a planned audit to its seal, and record the local paths of models, data and tasks for a resume."""
    from steelyard.api.progress import RunProgress
    from steelyard.auditing.conductor import start_audit

    local = local_settings_for(by_role(args.uri, "--model"), by_role(args.api_key_env, "--api-key-env"), options)
    gc.freeze()  # the plan and its samples live as long as the run; collecting garbage among them costs 7 %
    try:
        with RunProgress(audit.plan) as progress:
            return await start_audit(audit, run, signer, local, session_options(args, progress))
    finally:
        await audit.close()


def session_options(args: RunArguments, progress: RunProgress) -> SessionOptions:
    """The options of this session, from the command line and the progress display."""
    from steelyard.auditing.session import PATIENCE_SECONDS, SessionOptions

    return SessionOptions(
        watcher=progress.watch,
        notify=progress.notify,
        deadline_seconds=args.seconds_left,
        patience_seconds=read_duration(args.patience, "--patience") or PATIENCE_SECONDS,
    )


def print_places(run: Path, *, signed: bool) -> None:
    """Print the path of the report and the command that verifies it, unwrapped, so that both can be copied."""
    from steelyard.evidence import layout
    from steelyard.util.console import err

    click.echo(f"report  {run / layout.REPORT_PAGE}\nverify  steelyard verify {run}")
    if not signed:
        err().print("unsigned: anyone can verify this run, but not who made it (steelyard key new creates a key)")
