"""``steelyard.judge`` and ``steelyard.calibrate``: have a judge score a finished run, and hold it against people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from steelyard.api.calibration import draw_answers, files_beside, path_beside, read_calibrations
from steelyard.api.choices import Sending, arguments_from, check_names, path_of, takes
from steelyard.api.conduct import signer_at
from steelyard.api.judging import JudgeRequest
from steelyard.api.judging import judge as conduct_judge
from steelyard.api.models import key_of
from steelyard.api.results import RunResult
from steelyard.records import JUDGE
from steelyard.util.background import Interruption, Work, call

if TYPE_CHECKING:
    from steelyard.judging.calibration import Calibration
    from steelyard.plugins import Model

__all__ = ["calibrate", "draw_labels", "judge"]


@takes(Sending)
def judge(
    run: str | Path,
    *,
    model: str | Model,
    other: str | Path | None = None,
    rubric: str | Path | None = None,
    suite: str | Path | None = None,
    task: str = "",
    checks: int = 20,
    attacks: int = 50,
    folder: str | Path | None = None,
    **choices: Unpack[Sending],
) -> RunResult:
    """Have a model score a finished run by a rubric, as ``steelyard judge`` does.

    Args:
        run: the folder of a finished run; ``RUN#candidate-2`` is one model of a run that asked several.
        model: the judge: a URI, or an opened model.
        other: a second run, whose answers are compared with those of the first, each in both seats.
        rubric: the rubric's file; default: the one that the suite names.
        suite: the suite's folder, if it is not where it was: it says who may see the answers.
        task: the task whose answers are judged, where the run has several.
        checks: how many answers are judged twice more, to see how steady the judge is.
        attacks: how many texts that answer nothing are shown, to see what deceives the judge; 0: none.
        folder: where the questions to the judge are written; default: beside the run.
        choices: as the options of the command.

    Returns:
        A result whose ``verdict.judging`` has the score and what shows how far the judge can be trusted. A score that
        was not held against people decides nothing.

    Raises:
        SteelyardError: as :func:`steelyard.run` does, and where the judge may not see the suite: then nothing is sent.
    """
    given = check_names("judge", Sending, choices)
    if isinstance(name := given.get("api_key_env"), str):
        given["api_key_env"] = {JUDGE: name}
    wanted = JudgeRequest(
        run=Path(run).expanduser(),
        other=path_of(other),
        rubric=path_of(rubric),
        suite=path_of(suite),
        task=task,
        checks=checks,
        attacks=attacks,
        folder=path_of(folder),
    )

    async def work(interruption: Interruption) -> RunResult:
        args = arguments_from(given, None)
        key = key_of(model)
        args = replace(args, models={JUDGE: model}, keys={**args.keys, JUDGE: key} if key else args.keys)
        conducted = await conduct_judge(wanted, args, signer_at(args.key), interruption.handled_by)
        return RunResult(conducted.verdict, conducted.folder)

    asking: Work[RunResult] = work
    return call(asking)


def draw_labels(run: str | Path, labels: int = 100, *, role: str = "", table: bool = False) -> Path:
    """Write what people label of a judge's run, beside it, as the first call of ``steelyard judge calibrate`` does.

    Args:
        run: the folder of the judge's run.
        labels: how many answers, of the order that was sealed before the judge was asked.
        role: where several models were judged: the one whose answers are drawn, as ``candidate-2``.
        table: a table (CSV) to be filled in, instead of a file for the page of ``steelyard suite review --labels``.

    Returns:
        The file. It holds the suite's texts.

    Raises:
        SteelyardError: for a run that no judge made, a file that is there, and where the judged run is not.
    """
    path = path_beside(Path(run).expanduser(), "labels.csv" if table else "answers.jsonl")
    draw_answers(Path(run).expanduser(), path, labels, role=role)
    return path


def calibrate(
    run: str | Path, *, labels: str | Path | Iterable[str | Path] | None = None, role: str = ""
) -> Calibration | dict[str, Calibration | None] | None:
    """Hold a judge against people's labels of a drawn part, as ``steelyard judge calibrate`` does.

    Args:
        run: the folder of the judge's run.
        labels: files with labels; default: those beside the run.
        role: where several models were judged: one of them, as ``candidate-2``.

    Returns:
        What people would give, how often the judge is wrong, and where both differ; None with fewer than 20 labelled
        answers: such a judge decides nothing. Where several models were judged and no ``role`` is named, one by role.

    Raises:
        SteelyardError: for a run that no judge made, and labels that cannot be read or were not drawn from it.
    """
    place = Path(run).expanduser()
    files = [labels] if isinstance(labels, str | Path) else labels
    paths = files_beside(place) if files is None else [Path(each).expanduser() for each in files]
    found = read_calibrations(place, paths, role).by_role
    return next(iter(found.values())) if len(found) == 1 else dict(found)
