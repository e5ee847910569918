"""The options of a plan that users choose; everything else follows from the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.planning.batched import batched
from steelyard.planning.weights import DETECT_WEIGHT, detect_weight_of
from steelyard.records import SUBJECT, Capabilities, Difficulties, Limits, ModelIdentity, PlanInput, PlannedModel
from steelyard.records.file_options import FileOptions
from steelyard.util.bounded_fraction import bounded_fraction

__all__ = ["Detect", "Options", "detect_of", "planned_model", "tolerance_of"]


# What every audit plans, and what has commands of its own.
_NEVER_NAMED: Final = ("budget", "choose", "claim_retest", "desk_screen", "gate", "leak", "not_served")


@dataclass(frozen=True)
class Detect:
    """Which detectors ask beside the claims, and their part of level and time.

    ``auto``: those of :data:`steelyard.planning.build.AUTO`; ``named`` ones leave the whole undecided where they do.
    """

    auto: bool = True
    named: tuple[str, ...] = ()
    weight: str = DETECT_WEIGHT


def detect_of(text: str, weight: str = DETECT_WEIGHT) -> Detect:
    """``auto``, ``none``, or names of installed detectors with commas; raises InputError for anything else."""
    from steelyard.plugins import names

    detect_weight_of(weight)
    parts = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if "none" in parts and len(parts) > 1:
        raise InputError(f"--detect {text[:80]!r}: none goes with no other name")
    named = tuple(part for part in parts if part not in ("auto", "none"))
    known = [name for name in names("detector") if name not in _NEVER_NAMED]
    if unknown := [part for part in named if part not in known]:
        raise InputError(f"--detect {unknown[0][:80]!r}: there is no such detector; there are {', '.join(known)}")
    return Detect("auto" in parts, named, weight)


@dataclass(frozen=True)
class Options:
    """The user's choices. ``limits`` and ``concurrency`` apply to each model separately.

    ``role_limits``: limits of a role's own, in place of ``limits``.
    ``accept_model`` and ``allow_part``: see :class:`steelyard.records.Plan`.
    ``detect``: the detectors that ask beside the claims. ``repeats``: answers to each sample of a run.
    ``scorer``: in place of the tasks' own, but not for a claim about a published benchmark.
    ``own_files``: how the questions of task files are read and asked.
    ``inputs`` of the plan, by name: the run that a judge scores, and the rubric.
    ``recipient``: the one endpoint that is asked, by which a suite draws variants of its items; empty where there is
    none, or more than one.
    ``batch_growth``: see :class:`steelyard.records.PlannedModel`; empty: call by call.
    ``difficulties`` of items, with the files they were read from.
    ``published``: what is asked shows the texts of a public benchmark, which are sealed only ``with_texts``.
    ``output_tokens`` (of an answer) and ``reasoning_effort`` are for every request for text.
    """

    alpha: float = 0.05
    tolerance: str = "2"
    limit: int | None = None
    budget_seconds: float | None = None
    concurrency: int | None = None
    data: Path | None = None
    task_files: tuple[Path, ...] = ()
    own_files: FileOptions = field(default_factory=FileOptions)
    with_texts: bool = False
    published: bool = False
    accept_model: bool = False
    allow_part: bool = False
    limits: Limits = field(default_factory=Limits)
    role_limits: Mapping[str, Limits] = field(default_factory=dict)
    attempt_timeout: float = 120.0
    max_attempts: int = 5
    repeats: int | None = None
    detect: Detect = Detect()
    scorer: str = ""
    output_tokens: int | None = None
    reasoning_effort: str = ""
    inputs: Mapping[str, PlanInput] = field(default_factory=dict)
    recipient: str = ""
    batch_growth: str = ""
    difficulties: tuple[tuple[Path, Difficulties], ...] = ()


def planned_model(
    identity: ModelIdentity, capabilities: Capabilities, options: Options, role: str = SUBJECT
) -> PlannedModel:
    """A model as the plan seals it: its identity, its capabilities, and how it may be asked."""
    batch_growth = options.batch_growth if role == SUBJECT else ""
    if batch_growth:
        capabilities = batched(capabilities)
    concurrency = min(options.concurrency or capabilities.concurrency, capabilities.concurrency)
    if batch_growth:
        concurrency = 1  # one batch at a time, whose time is that of all its calls
    return PlannedModel(
        identity=identity,
        capabilities=capabilities,
        limits=options.role_limits.get(role, options.limits),
        concurrency=concurrency,
        adaptive=options.concurrency is None and concurrency > 1,
        # What may be tried again is a function's own business, and what it has not done in time still runs.
        max_attempts=1 if identity.uri.startswith("python:") else options.max_attempts,
        attempt_timeout_us=int(options.attempt_timeout * 1e6),
        batch_growth=batch_growth,
    )


def tolerance_of(text: str) -> Fraction:
    """``2`` or ``0.7`` percentage points as a proportion; raises InputError for anything else."""
    try:
        tolerance = bounded_fraction(text) / 100
    except ValueError:
        raise InputError(f"--tolerance takes percentage points, such as 2 or 0.7, not {text[:40]!r}") from None
    if not 0 < tolerance < 1:
        raise InputError(f"--tolerance must be between 0 and 100 percentage points, not {text[:40]}")
    return tolerance
