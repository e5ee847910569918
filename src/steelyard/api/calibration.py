"""The labels of a judge's run: drawn, written for people, read back; and whether its judge may decide anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard.records import Plan
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.auditing.judged import PlacedVerdict
    from steelyard.judging.calibration import Calibration
    from steelyard.judging.confusion import Differing
    from steelyard.reports.calibration import ShownAnswer
    from steelyard.storage.run_folder import RunFolder

__all__ = [
    "ANSWERS",
    "Calibrated",
    "calibration_of",
    "draw_answers",
    "files_beside",
    "judge_run",
    "labelled_as",
    "of_role",
    "path_beside",
    "read_calibration",
    "read_calibrations",
    "shown_differing",
]

ANSWERS: Final = "answers.jsonl"
SUFFIXES: Final = (".jsonl", ".csv")


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


@dataclass(frozen=True)
class Calibrated:
    """A judge held against people: the calibration by the role of the model that was judged.

    The role is empty for a run of one model. A calibration is None where fewer than ``MIN_LABELS`` of that model's
    answers are labelled. ``models`` are the models' names.
    """

    judge_run: RunFolder
    by_role: Mapping[str, Calibration | None]
    models: Mapping[str, str]

    def title(self, role: str) -> str:
        """A model by its role and name: ``candidate-2 (small)``."""
        return f"{one_line(role, 40)} ({one_line(self.models[role], 60)})"


def calibration_of(run: Path, role: str = "") -> Calibration | None:
    """The calibration of the judge whose run this is; None where it was not held against people.

    A gate or a claim that rests on such a judge is not decided (exit 3). Raises InputError for a run that no judge
    made, labels that cannot be read, and a run over several models where no ``role`` is named; VerificationError where
    the run was changed.
    """
    paths = files_beside(run)
    return read_calibration(run, paths, role) if paths else None


def read_calibration(run: Path, paths: Sequence[Path], role: str = "") -> Calibration | None:
    """The calibration by files of labels; None where they are too few. Raises as :func:`calibration_of`."""
    found = read_calibrations(run, paths, role).by_role
    if len(found) > 1:
        raise InputError(f"judged several models: name the role of one ({', '.join(found)})", where=run)
    return next(iter(found.values()))


def read_calibrations(run: Path, paths: Sequence[Path], role: str = "") -> Calibrated:
    """The calibration of each model's answers, or of those of one ``role``. Raises as :func:`calibration_of`."""
    from steelyard.judging.calibration import calibrations
    from steelyard.judging.labels import gold_keys, read_labels

    folder, placed = judge_run(run)
    labels = read_labels(paths, gold_keys(placed, len(placed)), labelled_as(folder.plan))
    wanted = {each.key.role for each in of_role(placed, role, run)}
    found = calibrations({each.key: each.value for each in placed if each.key.role in wanted}, labels)
    plan = folder.plan
    names = {each: plan.models.get(each, plan.subject).identity.name for each in found}
    return Calibrated(folder, found, names)


def of_role(placed: Sequence[PlacedVerdict], role: str, run: Path) -> list[PlacedVerdict]:
    """The verdicts on the answers of the model in this role; all without one. Raises InputError where none is."""
    found = [each for each in placed if not role or each.key.role == role]
    if not found:
        known = ", ".join(sorted({each.key.role for each in placed})) or "none, since it judged one model"
        raise InputError(f"judged no model in the role {role[:40]!r}; it has: {known}", where=run)
    return found


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
    role: str = "",
) -> int:
    """Write what people label, of so many ``answers`` in the sealed order; how many lines it has.

    Of a run over several models ``role`` names the one whose answers are drawn; by default all are. A ``path`` that
    ends in ``.csv`` becomes a table to be filled in. ``judged`` is the run that was judged, and ``rubric`` and
    ``suite`` are as for :func:`steelyard.api.judging.judge`, where they lie elsewhere than they did.
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
            question=texts[key.answer][0],
            answer=texts[key.answer][1],
            reference=texts[key.answer][2],
            criterion=criteria[key.criterion],
        )
        for key in gold_keys(of_role(placed, role, run), answers)
    ]
    text = table_text(drawn) if path.suffix == ".csv" else answers_text(drawn)
    try:
        write_file(path, text.encode("utf-8", "replace"))
        path.chmod(0o600)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=path) from None
    return len(drawn)


def judge_run(run: Path) -> tuple[RunFolder, list[PlacedVerdict]]:
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
    if any(each.key.seat for each in placed):
        raise InputError("compares two runs: labels are for a score of one", where=run)
    return folder, placed


def shown_differing(
    folder: RunFolder,
    differing: Sequence[Differing],
    judged: Path | None = None,
    rubric: Path | None = None,
    suite: Path | None = None,
) -> list[ShownAnswer]:
    """Answers on which judge and people differ, with their texts, as far as the run that was judged is here."""
    from steelyard.auditing.judged import replies
    from steelyard.reports.calibration import ShownAnswer

    if not differing:
        return []
    try:
        texts, criteria = _shown(folder, judged, rubric, suite)
    except InputError:
        if judged is not None or rubric is not None or suite is not None:
            raise
        texts, criteria = {}, {}
    written = replies(folder, {each.key for each in differing})
    found = []
    for each in differing:
        question, answer, _ = texts.get(each.key.answer, (None, None, None))
        criterion = criteria.get(each.key.criterion)
        found.append(ShownAnswer(each, criterion, question, answer, written.get(each.key, "")))
    return found


def _shown(
    folder: RunFolder, judged: Path | None, rubric: Path | None, suite: Path | None
) -> tuple[dict[tuple[str, int, str], tuple[str, str, str]], dict[str, str]]:
    """Question, answer and reference by answer (:attr:`JudgedKey.answer`), and the criteria's texts by id.

    Raises InputError where the run that was judged, its suite or the rubric is not here.
    """
    from steelyard.api.judged_run import judged_by

    found, read = judged_by(folder, judged, rubric, suite)
    texts = {
        (each.sample, each.repeat, each.role): (each.question, each.answer, each.reference) for each in found.answers
    }
    return texts, {each.id: each.text for each in read.criteria}
