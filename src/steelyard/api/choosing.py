"""``steelyard.choose``: the cheapest of several models that reaches a target, for the command line and for Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from steelyard.api.choices import RunChoices, arguments_from, check_names, takes
from steelyard.api.conduct import Job, conduct, requested_job, run_request, signer_at
from steelyard.api.gates import share_text
from steelyard.api.models import candidates
from steelyard.api.results import RunResult
from steelyard.errors import InputError
from steelyard.records import RequestedTest, is_candidate
from steelyard.util.background import Interruption, Work, call

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.models import AnyModels
    from steelyard.plugins import Model

__all__ = ["choose", "choose_job"]


@takes(RunChoices)
def choose(
    task: str | Path,
    *,
    model: AnyModels | Sequence[str | Model],
    target: str | float,
    by: str | None = None,
    **choices: Unpack[RunChoices],
) -> RunResult:
    """Find the cheapest of several models that is shown to reach a target, as ``steelyard choose`` does.

    The models are asked one after another, the cheapest first, each until it is decided.

    Args:
        task: the folder of a suite, a file of questions or a built-in task's id, as :func:`steelyard.run` takes it.
        model: a list of models, or a mapping of the roles ``subject``, ``candidate-2`` … to models.
        target: the share of right answers to reach: 0.9 or "90%".
        by: ``"cost"``, by the table of ``prices``, or ``"order"``, as the models are given; default: ``"cost"`` with
            ``prices``, else ``"order"``.
        choices: as those of :func:`steelyard.run`, without ``repeats``.

    Returns:
        A result whose ``choice`` has the chosen role and what each candidate came to, and whose ``exit_code`` is 0
        where a model was chosen, 1 where all are below the target, 3 where none is sure enough, 4 where answers are
        missing.

    Raises:
        SteelyardError: as :func:`steelyard.audit` does. That none is chosen raises nothing.
    """
    given = check_names("choose", RunChoices, choices)
    if "repeats" in given:
        raise TypeError("choose() asks each item once: leave repeats out")
    asked = given.get("prompt", ""), given.get("shots"), given.get("temperature")

    async def work(interruption: Interruption) -> RunResult:
        args = arguments_from(given, candidates(model))
        job = choose_job(task, args, str(target), by, *asked)
        conducted = await conduct(job, args, signer_at(args.key), interruption.handled_by)
        return RunResult(conducted.verdict, conducted.folder)

    asking: Work[RunResult] = work
    return call(asking)


def choose_job(
    task: str | Path,
    args: RunArguments,
    target: str,
    by: str | None = None,
    prompt: str = "",
    shots: int | None = None,
    temperature: float | None = None,
) -> Job:
    """A choice among the models of ``args`` on one task.

    Raises InputError for fewer than two candidates, an order that nothing gives, and a task that is none.
    """
    from steelyard.api.options import options_of

    if others := [role for role in args.models if not is_candidate(role)]:
        raise InputError(f"--model {others[0]}=…: a choice is among candidates alone: give each --model without a role")
    if len(args.models) < 2:
        raise InputError(
            "there is one model only: give --model twice or more; one alone is held against a bar by steelyard gate"
        )
    options: dict[str, Any] = {"target": share_text(target, "--target"), "by": _by(by, args)}
    wanted, planned = run_request(task, prompt, shots, temperature, options_of(args))
    requested = RequestedTest(
        detector="choose", task=wanted.task, prompt=prompt, shots=shots, temperature=temperature or 0.0, options=options
    )
    return requested_job([requested], planned)


def _by(by: str | None, args: RunArguments) -> str:
    """What the order of the candidates follows; it is sealed before the first answer."""
    if by is None:
        return "order" if args.prices is None else "cost"
    if by == "latency":
        raise InputError(
            "--by latency: how fast a model answers is not known before the order is sealed: give --by order with the "
            "fastest --model first"
        )
    if by not in ("cost", "order"):
        raise InputError(f"--by {by[:20]!r}: cost or order")
    if by == "cost" and args.prices is None:
        raise InputError(
            "--by cost needs a price for each model: give --prices FILE, or --by order with the cheapest --model first"
        )
    return by
