"""``steelyard.gate``: does a model reach a bar on a suite? For the command line, Python and the pytest plugin."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from steelyard.api.choices import RunChoices, arguments_from, check_names, takes
from steelyard.api.conduct import Job, conduct, requested_job, run_request, signer_at
from steelyard.api.results import RunResult
from steelyard.records import RequestedTest
from steelyard.util.background import Interruption, Work, call

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.models import AnyModels
    from steelyard.planning.options import Options

__all__ = ["gate", "gate_job", "share_text"]


@takes(RunChoices)
def gate(
    task: str | Path, *, model: AnyModels, at_least: str | float, family: int = 1, **choices: Unpack[RunChoices]
) -> RunResult:
    """Ask a suite until it is shown that a model's score is at least a bar, or below it, as ``steelyard gate`` does.

    Args:
        task: the folder of a suite, a file of questions or a built-in task's id, as :func:`steelyard.run` takes it.
        model: as :func:`steelyard.audit` takes it.
        at_least: the least share of right answers that is green: 0.85 or "85%".
        family: how many gates have one level together; red is then decided at α/family.
        choices: as those of :func:`steelyard.run`, without ``repeats``.

    Returns:
        A result whose ``exit_code`` is 0 for green, 1 for red, 3 for undecided, 4 where answers are missing.

    Raises:
        SteelyardError: as :func:`steelyard.audit` does. A red gate raises nothing.
    """
    given = check_names("gate", RunChoices, choices)
    if "repeats" in given:
        raise TypeError("gate() asks each item once: leave repeats out")
    bar = share_text(str(at_least))
    return call(_work(partial(_job, task, bar, family, given), model, given))


def gate_job(
    task: str | Path,
    options: Options,
    bar: dict[str, Any],
    prompt: str = "",
    shots: int | None = None,
    temperature: float | None = None,
) -> Job:
    """A gate on one task; ``bar`` holds the detector's options. Raises InputError for a task that is none."""
    wanted, options = run_request(task, prompt, shots, temperature, options)
    requested = RequestedTest(
        detector="gate", task=wanted.task, prompt=prompt, shots=shots, temperature=temperature or 0.0, options=bar
    )
    return requested_job([requested], options)


def share_text(given: str) -> str:
    """``85%`` or ``0.85`` as a decimal text between 0 and 1; what is neither stays as it is, and is refused later."""
    from decimal import Decimal, InvalidOperation

    if not given.endswith("%"):
        return given
    try:
        share = Decimal(given[:-1].strip()) / 100
    except InvalidOperation:
        return given
    return format(share.normalize(), "f") if share.is_finite() else given


def _job(task: str | Path, at_least: str, family: int, given: dict[str, Any], args: RunArguments) -> Job:
    from steelyard.api.options import options_of

    bar: dict[str, Any] = {"at_least": at_least} | ({"family": family} if family != 1 else {})
    asked = given.get("prompt", ""), given.get("shots"), given.get("temperature")
    return gate_job(task, options_of(args), bar, *asked)


def _work(prepare: partial[Job], model: AnyModels, given: dict[str, Any]) -> Work[RunResult]:
    async def work(interruption: Interruption) -> RunResult:
        args = arguments_from(given, model)
        conducted = await conduct(prepare(args), args, signer_at(args.key), interruption.handled_by)
        return RunResult(conducted.verdict, conducted.folder)

    return work
