"""What a user asked → the options of a plan, and what is noted on this machine for a resume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.api.batch import USUAL_GROWTH, check_batch
from steelyard.api.limits import limits_of
from steelyard.api.models import has_function, sole_recipient, uri_of, uris_of
from steelyard.errors import InputError
from steelyard.planning.options import Detect, Options
from steelyard.records import REFERENCE, references_of
from steelyard.storage.local_settings import LocalSettings

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments

__all__ = ["local_settings_of", "options_of", "with_absolute_paths"]


def options_of(
    args: RunArguments,
    *,
    tolerance: str = "2",
    repeats: int | None = None,
    detect: Detect | None = None,
    difficulties: Sequence[Path] = (),
) -> Options:
    """The options of a plan.

    Raises InputError for limits that cannot be used, a scorer that there is not, a file of tasks that names a draw of a
    suite's variants, options that do not go with ``batch``, a reference that no detector is named for, and a file of
    difficulties that is none.
    """
    from steelyard.planning.difficulties import read_difficulties
    from steelyard.scorers import scorer_named
    from steelyard.tasks.suite_variants import check_not_drawn

    if detect is not None and references_of(args.models) and not detect.named:
        raise InputError(f"no test asks for the {REFERENCE}: add --detect auto,identity, or leave it out")
    check_batch(args)
    if args.scorer and getattr(scorer_named(args.scorer), "former", False):  # before any model is asked
        raise InputError(f"--scorer {args.scorer} is a former version: leave out its number")
    for path in args.task_files:
        check_not_drawn(path)
    if has_function(args):
        args = with_absolute_paths(args)
    return Options(
        tolerance=tolerance,
        limit=args.limit,
        budget_seconds=args.budget_seconds,
        concurrency=args.concurrency,
        data=args.data,
        task_files=args.task_files,
        own_files=args.own_files,
        with_texts=args.with_texts,
        accept_model=args.accept_model,
        allow_part=args.allow_part,
        role_limits={role: limits_of(args, uri_of(model)) for role, model in args.models.items()},
        repeats=repeats,
        detect=detect or Detect(),
        output_tokens=args.output_tokens,
        reasoning_effort=args.reasoning_effort,
        attempt_timeout=args.timeout,
        scorer=args.scorer,
        recipient=sole_recipient(args.models),
        batch_growth=(args.batch_growth or USUAL_GROWTH) if args.batch else "",
        difficulties=tuple((path, read_difficulties(path)) for path in difficulties),
    )


def with_absolute_paths(args: RunArguments) -> RunArguments:
    """The arguments with data and tasks where they are, whatever the working folder is later."""
    data = None if args.data is None else args.data.absolute()
    return replace(args, data=data, task_files=tuple(path.absolute() for path in args.task_files))


def local_settings_of(args: RunArguments, options: Options) -> LocalSettings:
    """Where models, data and tasks are on this machine, for a resume; never sealed, and never in the run's folder."""
    return LocalSettings(
        models=uris_of(args.models),
        api_key_env=dict(args.keys),
        data=str(options.data.resolve()) if options.data else "",
        tasks=tuple(str(path.resolve()) for path in options.task_files),
        own_files=options.own_files,
        timestamp=args.timestamp,
    )
