"""What the command line and the calls from Python share on the way from opened models to a sealed verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.errors import DeadlineExceeded, InputError

if TYPE_CHECKING:
    from steelyard.auditing.conductor import Audit
    from steelyard.evidence.keys import CryptoSigner
    from steelyard.models import Settings
    from steelyard.planning.build import ProveOrder, RunRequest
    from steelyard.planning.options import Options

__all__ = [
    "default_folder",
    "local_settings_for",
    "models_in_words",
    "order_prover",
    "plan_within",
    "run_request",
    "settings_of",
    "signer_at",
]


def settings_of(options: Options) -> Settings:
    """How models are opened for a plan with these options."""
    from steelyard.models import Settings

    settings = Settings(timeout_seconds=options.attempt_timeout)
    return settings if options.concurrency is None else replace(settings, concurrency=options.concurrency)


def models_in_words(uris: Mapping[str, str]) -> str:
    """The models' URIs in one line, with their roles where they are not under test."""
    from steelyard.records import SUBJECT
    from steelyard.util.text import one_line

    return one_line(", ".join(uri if role == SUBJECT else f"{role}={uri}" for role, uri in uris.items()), 120)


async def plan_within(planning: Awaitable[Audit], seconds: float | None, against: str) -> Audit:
    """Await a plan; raises DeadlineExceeded where that takes more than ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            return await planning
    except TimeoutError:
        raise DeadlineExceeded(f"the deadline ended before {against} was identified") from None


def local_settings_for(models: Mapping[str, str], keys: Mapping[str, str], options: Options) -> dict[str, Any]:
    """What a run's folder notes for a resume on this machine: where models, data and tasks are. It is never sealed."""
    return {
        "models": dict(models),
        "api_key_env": dict(keys),
        "data": str(options.data.resolve()) if options.data else "",
        "tasks": [str(path.resolve()) for path in options.task_files],
    }


def run_request(
    task: str | Path, prompt: str, shots: int | None, temperature: float | None, options: Options
) -> tuple[RunRequest, Options]:
    """What ``steelyard run TASK`` measures: a built-in task by its id, or a file; a path has a dot or a slash.

    The options come back with that file among their task files. Raises InputError for a file that is no task, a prompt
    format that the task does not declare, and repeats without a temperature.
    """
    from steelyard.planning.build import RunRequest
    from steelyard.tasks.catalogue import Catalogue, open_task_file

    name = str(task)
    if isinstance(task, Path) or "." in name or "/" in name:
        name = open_task_file(Path(task)).id
        options = replace(options, task_files=(*options.task_files, Path(task)))
    found = Catalogue(options.task_files).find(name)
    if prompt and found is not None:
        found.prompt_format(prompt)  # one that is not declared is refused, rather than asked in another format
    if (options.repeats or 1) > 1 and temperature is None:
        raise InputError("--repeats asks each sample several times: give the --temperature too (0 is greedy)")
    return RunRequest(task=name, prompt=prompt, shots=shots, temperature=temperature), options


def default_folder(name: str) -> Path:
    """``runs/NAME-TIME`` in the current folder."""
    from datetime import datetime

    first = run = Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    another = 1
    while run.exists():  # two runs began in the same second
        another += 1
        run = first.with_name(f"{first.name}-{another}")
    return run


def signer_at(key: Path | None) -> CryptoSigner | None:
    """The signer of a named key, or of the default key where there is one, else None (the run stays unsigned).

    Raises InputError where the key cannot be used.
    """
    from steelyard.evidence.keys import default_key_path, load_signer

    if key is None and not default_key_path().is_file():
        return None
    return load_signer(key)


def order_prover(signer: CryptoSigner | None) -> ProveOrder | None:
    """The function that signs a plan's order with the auditor's key; None without a key."""
    if signer is None:
        return None
    from steelyard.evidence.keys import order_proof

    return lambda material: order_proof(signer, material)
