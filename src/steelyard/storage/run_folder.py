"""The folder of a run: made when its plan is sealed, read again by resume, report and verify."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.records import SUBJECT, Plan
from steelyard.util.atomic_file import whole_file, write_file

if TYPE_CHECKING:
    from steelyard.evidence.keys import CryptoSigner
    from steelyard.planning.samples import Prepared

__all__ = ["SealedPlan", "clear_partial", "create", "local_settings", "open_plan_of"]


@dataclass(frozen=True)
class SealedPlan:
    """A plan as it was sealed, with the SHA-256 of its payload, which the journal's header names."""

    plan: Plan
    sha256: str
    signatures: tuple[Any, ...]


def create(
    run: Path, plan: Plan, prepared: Mapping[str, Prepared], signer: CryptoSigner | None, local: Mapping[str, Any]
) -> SealedPlan:
    """Make the folder and seal the plan in it; refuses a folder that is not empty. Nothing is left half-written."""
    from steelyard.evidence.bundle import seal_plan

    if run.exists() and (not run.is_dir() or any(run.iterdir())):
        raise InputError(
            "is not an empty folder: choose another --out, or go on with it by steelyard resume", where=run
        )
    missing = [folder for folder in (run, *run.parents) if not folder.exists()]
    try:
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        (run / layout.SAMPLES).mkdir(mode=0o700)
        for measurement in plan.measurements:
            with whole_file(run / layout.samples_of(measurement.id)) as file:
                file.writelines(f"{digest}\n".encode() for digest in prepared[measurement.id].digests)
        write_file(run / layout.LOCAL, canonical(dict(local)) + b"\n")
        write_file(run / layout.PLAN, seal_plan(without_defaults(plan), signer))
    except BaseException as error:
        _unmake(run, missing)
        if isinstance(error, OSError):
            raise InputError(f"cannot write here: {error.strerror}", where=run) from None
        raise
    return open_plan_of(run)


def _unmake(run: Path, made: list[Path]) -> None:
    """Take back a folder that got no plan: neither a resume nor another run could do anything with it."""
    shutil.rmtree(run / layout.SAMPLES, ignore_errors=True)
    for name in (layout.LOCAL, layout.PLAN):
        with suppress(OSError):
            (run / name).unlink()
    for folder in made:
        with suppress(OSError):  # not empty: somebody else's
            folder.rmdir()


def open_plan_of(run: Path) -> SealedPlan:
    """Read the sealed plan of a run; InputError where there is none, VerificationError where it is not a plan."""
    from steelyard.evidence.bundle import open_plan

    path = run / layout.PLAN
    if not path.is_file():
        raise InputError(f"is not the folder of a run: there is no {layout.PLAN} in it", where=run)
    predicate, digest, signatures = open_plan(path.read_bytes(), layout.PLAN)
    try:
        plan = msgspec.convert(predicate, Plan)
    except msgspec.ValidationError as error:
        raise VerificationError(f"{layout.PLAN}: not a plan of this version of Steelyard: {error}") from None
    if without_defaults(plan) != predicate:
        raise VerificationError(f"{layout.PLAN}: spells out a field that equals its default, which no sealed plan does")
    if SUBJECT not in plan.models:
        raise VerificationError(f"{layout.PLAN}: names no model in the role {SUBJECT}")
    names = [measurement.id for measurement in plan.measurements]
    for name in names:
        # It becomes a file name, and a plan may come from a stranger.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}", name):
            raise VerificationError(f"{layout.PLAN}: {name[:80]!r} is not the id of a measurement")
    if len(set(names)) < len(names):
        raise VerificationError(f"{layout.PLAN}: two measurements have one id")
    return SealedPlan(plan, digest, tuple(signatures))


def clear_partial(run: Path) -> None:
    """Remove what a kill left half-written: files that were never renamed into place."""
    for path in run.glob("*.partial"):
        path.unlink()


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine noted for a resume: where models (by role), data and task files lie, and keys' variables."""

    models: dict[str, str] = {}
    api_key_env: dict[str, str] = {}
    data: str = ""
    tasks: tuple[str, ...] = ()


def local_settings(run: Path) -> LocalSettings:
    """What this machine noted when the run began; empty where the folder came from elsewhere."""
    try:
        return msgspec.json.decode((run / layout.LOCAL).read_bytes(), type=LocalSettings)
    except (OSError, msgspec.MsgspecError, ValueError):
        return LocalSettings()
