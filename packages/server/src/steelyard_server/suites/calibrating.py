"""Holding a judge of a run that is here against labels that people gave here, in a process of its own.

The figures are those of ``steelyard judge calibrate``, by the same function: journal and texts of the run are read
again, and held against its seal. Run as ``python -P -m steelyard_server.suites.calibrating RUN CPU-SECONDS MEMORY
PARENT LABELS``; LABELS is a folder with the answers and each labeller's file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import InputError, SteelyardError
from steelyard.judging.labels import answers_text
from steelyard_server.push.verifying import Verifier, VerifyLimits
from steelyard_server.push.worker import confine, without_place
from steelyard_server.runs.folders import incoming_folder

if TYPE_CHECKING:
    from steelyard_server.database.folder import DataFolder
    from steelyard_server.suites.label_sets import LabelSets

__all__ = ["JudgeFigures", "Judges", "main"]

_LIMITS: Final = VerifyLimits(cpu_seconds=300, memory=2 << 30, wall_seconds=900.0)
_MAX_PEOPLE: Final = 2  # as the command reads labels


class JudgeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A judge's figures for the answers of one model: lines by name, and the table of verdicts by what people say.

    Without ``lines`` too few answers are labelled, so the judge decides nothing.
    """

    model: str
    lines: tuple[tuple[str, str], ...] = ()
    tables: tuple[tuple[str, tuple[tuple[str, int, int], ...]], ...] = ()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The figures by model, or in one line why there are none."""

    figures: tuple[JudgeFigures, ...] = ()
    problem: str = ""


class Judges:
    """Calibrates, each time in a process of its own."""

    def __init__(self, data: DataFolder, sets: LabelSets, checker: Verifier | None = None) -> None:
        self._data = data
        self._sets = sets
        self._checker = checker or Verifier(_LIMITS, "steelyard_server.suites.calibrating")

    def stop(self) -> None:
        """End the processes that run."""
        self._checker.stop()

    def figures(self, run: Path, number: int) -> tuple[tuple[JudgeFigures, ...], list[str]]:
        """The figures of a judge's run by the labels of a set, and whose labels they are: the two with the most.

        Raises InputError as ``steelyard judge calibrate``: for a run that no judge made, for labels of other answers.
        """
        people = self._sets.labellers(number)[:_MAX_PEOPLE]
        with incoming_folder(self._data) as folder:
            (folder / "judge.answers.jsonl").write_text(answers_text(self._sets.answers(number)), encoding="utf-8")
            for each in people:
                data = self._sets.saved(number, each.person, f"person {each.person}")
                (folder / f"judge.labels-{each.person}.jsonl").write_bytes(data)
            written = self._checker.written(run, str(folder))
        try:
            reply = msgspec.json.decode(written, type=Reply)
        except msgspec.DecodeError:
            raise InputError("the process that calibrates ended without a word") from None
        if reply.problem:
            raise InputError(reply.problem)
        return reply.figures, [each.name for each in people]


def main(run: str, cpu_seconds: int, memory: int, parent: int, labels: str) -> None:
    """Calibrate the judge of the run at this path, for the process ``parent``, with which this one ends."""
    confine(cpu_seconds, memory, parent, 16 << 20)
    try:
        reply = Reply(figures=_figures(Path(run), Path(labels)))
    except SteelyardError as error:
        reply = Reply(problem=without_place(Path(labels), without_place(Path(run), str(error))))
    except MemoryError:
        reply = Reply(problem="needs more memory than this server allows")
    sys.stdout.buffer.write(msgspec.json.encode(reply))


def _figures(run: Path, labels: Path) -> tuple[JudgeFigures, ...]:
    from steelyard.api.calibration import read_calibrations
    from steelyard.reports.calibration import calibration_lines, confusion_rows

    found = read_calibrations(run, sorted(labels.iterdir()))
    return tuple(
        JudgeFigures(model=found.title(role) if role and len(found.by_role) > 1 else "")
        if each is None
        else JudgeFigures(
            model=found.title(role) if role and len(found.by_role) > 1 else "",
            lines=tuple(calibration_lines(each)),
            tables=tuple((table.criterion, tuple(confusion_rows(table))) for table in each.confusions),
        )
        for role, each in found.by_role.items()
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
