"""The labels of a judge's run: drawn, written for people, read back; and whether its judge may decide anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard.records import JudgedKey, Plan

if TYPE_CHECKING:
    from steelyard.judging.calibration import Calibration
    from steelyard.storage.run_folder import RunFolder

__all__ = [
    "ANSWERS",
    "calibration_of",
    "draw_answers",
    "files_beside",
    "judge_run",
    "labelled_as",
    "path_beside",
    "read_calibration",
]

ANSWERS: Final = "answers.jsonl"
SUFFIXES: Final = (".jsonl", ".csv")

Placed = list[tuple[int, JudgedKey, float | None]]


def path_beside(run: Path, name: str) -> Path:
    """``RUN.NAME``, beside the folder of a judge's run, since a sealed folder gets no more files."""
    folder = run.resolve()
    return folder.with_name(f"{folder.name}.{name}")


def files_beside(run: Path) -> list[Path]:
    """The files with labels beside a run: ``RUN.answers.jsonl``, ``RUN.labels-ada.jsonl``, ``RUN.labels.csv``."""
    start, answers = path_beside(run, "labels"), path_beside(run, ANSWERS)
    if not start.parent.is_dir():
        return []
    found = (each for each in start.parent.iterdir() if each.suffix in SUFFIXES and each.is_file())
    return sorted(
        each for each in found if each == answers or each.name.startswith((f"{start.name}.", f"{start.name}-"))
    )


def calibration_of(run: Path) -> Calibration | None:
    """The calibration of the judge whose run this is; None where it was not held against people.

    A gate or a claim that rests on such a judge is not decided (exit 3). Raises InputError for a run that no judge
    made, and for labels that cannot be read; VerificationError where the run was changed.
    """
    paths = files_beside(run)
    return read_calibration(run, paths) if paths else None


def read_calibration(run: Path, paths: Sequence[Path]) -> Calibration | None:
    """The calibration by files of labels; None where they are too few. Raises as :func:`calibration_of`."""
    from steelyard.judging.calibration import calibration
    from steelyard.judging.labels import gold_keys, read_labels

    folder, placed = judge_run(run)
    labels = read_labels(paths, gold_keys(placed, len(placed)), labelled_as(folder.plan))
    return calibration({key: value for _, key, value in placed}, labels)


def labelled_as(plan: Plan) -> str:
    """The digest of what labels of a judge's run are about: the seal of the run that was judged, and the rubric.

    Another judge of the same answers by the same rubric has the same, so that their labels are given once.
    """
    from steelyard.evidence.canonical import canonical, sha256_hex

    return sha256_hex(canonical({name: each.sha256 for name, each in plan.inputs.items()}))


def draw_answers(
    run: Path,
    path: Path,
    answers: int,
    *,
    judged: Path | None = None,
    rubric: Path | None = None,
    suite: Path | None = None,
) -> int:
    """Write what people label, of so many ``answers`` in the sealed order; how many lines it has.

    A ``path`` that ends in ``.csv`` becomes a table to be filled in. ``judged`` is the run that was judged, and
    ``rubric`` and ``suite`` are as for :func:`steelyard.api.judging.judge`, where they lie elsewhere than they did.
    Raises InputError where these are not those that the judge was shown, and where the file is there already.
    """
    from steelyard.judging.labels import answers_text, gold_keys, item_name, table_text
    from steelyard.suites.labels import AnswerToLabel
    from steelyard.util.atomic_file import write_file

    if path.exists():
        raise InputError("is there already: it is not written again", where=path)
    folder, placed = judge_run(run)
    texts, criteria = _shown(folder, judged, rubric, suite)
    of = labelled_as(folder.plan)
    drawn = [
        AnswerToLabel(
            id=item_name(key, of),
            question=texts[key.sample, key.repeat][0],
            answer=texts[key.sample, key.repeat][1],
            reference=texts[key.sample, key.repeat][2],
            criterion=criteria[key.criterion],
        )
        for key in gold_keys(placed, answers)
    ]
    text = table_text(drawn) if path.suffix == ".csv" else answers_text(drawn)
    try:
        write_file(path, text.encode("utf-8", "replace"))
        path.chmod(0o600)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=path) from None
    return len(drawn)


def judge_run(run: Path) -> tuple[RunFolder, Placed]:
    """A judge's sealed run with its verdicts in their places."""
    from steelyard.auditing.finalize import results_of
    from steelyard.auditing.judged import VerdictReader, is_judging
    from steelyard.evidence.verify import verify_integrity
    from steelyard.storage.run_folder import RunFolder

    folder = RunFolder.open(run)
    if not is_judging(folder.plan):
        raise InputError("is no run of a judge: steelyard judge RUN --model judge=URI makes one", where=run)
    if not folder.is_sealed:
        raise InputError("is not finished: steelyard resume goes on with it", where=run)
    verify_integrity(run)
    reader = VerdictReader()
    results_of(folder, reader.observe)
    placed = reader.placed(folder)
    if placed is None:
        raise InputError("its texts are withheld: calibrate where it was made", where=run)
    if any(key.seat for _, key, _ in placed):
        raise InputError("compares two runs: labels are for a score of one", where=run)
    return folder, placed


def _shown(
    folder: RunFolder, judged: Path | None, rubric: Path | None, suite: Path | None
) -> tuple[dict[tuple[str, int], tuple[str, str, str]], dict[str, str]]:
    """Question, answer and reference by answer, and the criteria's texts by id: what the judge was shown."""
    from steelyard.api.judged_run import judged_by

    found, read = judged_by(folder, judged, rubric, suite)
    texts = {(each.sample, each.repeat): (each.question, each.answer, each.reference) for each in found.answers}
    return texts, {each.id: each.text for each in read.criteria}
