"""Panels: sealed runs that are verified and added, and what was read of them (``steelyard panel``)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InputError, VerificationError

if TYPE_CHECKING:
    from steelyard.comparison.scored_run import MeasuredScores, ScoredRun
    from steelyard.records import Difficulties
    from steelyard_forensics.panels.folder import Panel
    from steelyard_forensics.panels.record import PanelEntry, ReadRun, Side

__all__ = ["add_run", "entry_of", "extract_from", "read_entry", "sealed_run", "write_difficulties"]


def add_run(run: Path, family: str, folder: Path) -> Panel:
    """Verify a sealed run as ``steelyard verify`` does, and copy it into a panel under a family.

    Raises VerificationError for a run that is damaged or not sealed, InputError for one that is there already, was not
    asked to its end, is not scored, or has more than 5 % open and missing answers.
    """
    from steelyard_forensics.panels.extracts import too_open
    from steelyard_forensics.panels.folder import add_to_panel

    scored, measured, bundle, answers = sealed_run(run)
    for each in measured.values():
        if number := too_open(each):
            raise InputError(
                f"{number:,} of {len(each.samples):,} samples of {each.measurement.task} have an open or missing "
                "answer, which is too many for a panel: read or ask them first",
                where=run,
            )
    return add_to_panel(folder, entry_of(scored, measured, bundle, answers, family), run)


def sealed_run(run: Path) -> tuple[ScoredRun, dict[str, MeasuredScores], str, str]:
    """A sealed run of one model that was verified in full, its whole measurements, its seal's SHA-256, its answers.

    Raises as :func:`add_run`.
    """
    from steelyard.api.results import verified

    result = verified(run)
    if result.not_recomputed:
        raise InputError(f"{result.not_recomputed[0]} cannot be recomputed here: install its detector", where=run)
    scored, measured = _scored(run)
    return scored, measured, result.integrity.bundle.sha256, result.integrity.answers_root


def _scored(run: Path) -> tuple[ScoredRun, dict[str, MeasuredScores]]:
    from steelyard.comparison.scored_run import read_run
    from steelyard_forensics.panels.extracts import whole_sides

    found = read_run(str(run))
    if len(found) > 1:
        raise InputError("has several models: measure each in a run of its own", where=run)
    return found[0], whole_sides(found[0])


def entry_of(
    scored: ScoredRun, measured: dict[str, MeasuredScores], bundle: str, answers: str, family: str
) -> PanelEntry:
    """The entry of a run in ``panel.yaml``."""
    from steelyard.planning.questions import subject_of
    from steelyard.util.text import one_line
    from steelyard_forensics.panels.extracts import side_digest, side_of
    from steelyard_forensics.panels.record import PanelEntry

    sides = [side_of(each) for each in measured.values()]
    return PanelEntry(
        name=bundle[:16],
        family=family,
        model=one_line(scored.model_name, 120),
        subject=one_line(subject_of(scored.model.identity), 400),
        bundle=bundle,
        answers=answers,
        date=one_line(scored.created, 40),
        origin=scored.origin.kind,
        asked={side_digest(side): one_line(side.task, 120) for side in sides},
    )


def read_entry(panel: Panel, entry: PanelEntry) -> tuple[ScoredRun, dict[str, MeasuredScores]]:
    """The whole measurements of a panel's run, computed again from its journal.

    Raises VerificationError where the run is not the one that ``panel.yaml`` names, or does not hold.
    """
    from steelyard.evidence.bundle import Bundle

    folder = panel.folder(entry)
    if Bundle.open(folder).sha256 != entry.bundle:
        raise VerificationError(f"{folder}: its seal is not the one that {panel.path.name} names")
    scored, measured = _scored(folder)
    again = entry_of(scored, measured, entry.bundle, entry.answers, entry.family)
    if again != entry:
        raise VerificationError(f"{folder}: is another run than panel.yaml says: its model, date or tasks")
    return scored, measured


def extract_from(
    measured: dict[str, MeasuredScores], wanted: tuple[Side, ...], entry: PanelEntry, folder: str
) -> tuple[ReadRun, bytes]:
    """What a test reads of a run, and the run as the result names it; ``folder`` is that of its extract."""
    from steelyard.evidence.canonical import sha256_hex
    from steelyard_forensics.panels.extracts import extract_of, side_of
    from steelyard_forensics.panels.record import ReadRun

    sides = {name: side for name, each in measured.items() if (side := side_of(each)) in wanted}
    data = extract_of(measured[name] for name in sides)
    run = ReadRun(
        extract=f"{folder}{entry.name}.jsonl",
        sha256=sha256_hex(data),
        family=entry.family,
        model=entry.model,
        subject=entry.subject,
        bundle=entry.bundle,
        answers=entry.answers,
        date=entry.date,
        origin=entry.origin,
        sides=sides,
    )
    return run, data


def write_difficulties(folder: Path, task: str, out: Path, by: str = "") -> Difficulties:
    """Write how difficult the items of a task are to a panel's models (:mod:`steelyard.planning.difficulties`).

    Raises InputError for too few models or runs on different items, for a file that is there, and for a name ``by`` of
    more than one line; VerificationError for a run that does not hold.
    """
    from steelyard.evidence import layout
    from steelyard.planning.difficulties import file_bytes, why_none
    from steelyard.storage.run_folder import check_outside_runs
    from steelyard.util.atomic_file import write_file
    from steelyard_forensics.panels.difficulty import Answered, panel_difficulties
    from steelyard_forensics.panels.folder import read_panel

    if out.exists() or out.is_symlink():
        raise InputError("is there already: choose another --out", where=out)
    check_outside_runs(out)
    panel = read_panel(folder)
    answered = []
    for entry in panel.entries:
        if task not in entry.asked.values():
            continue
        _, measured = read_entry(panel, entry)
        for name, each in measured.items():
            if each.measurement.task == task:
                with layout.open_regular(panel.folder(entry), layout.samples_of(name)) as file:
                    digests = [line.decode().strip() for line in layout.lines(file, layout.samples_of(name))]
                answered.append(Answered(entry, each, digests))
    made = panel_difficulties(panel, task, answered, by)
    if reason := why_none(made):
        raise InputError(f"these difficulties cannot be written: {reason}", where=panel.path)
    try:
        write_file(out, file_bytes(made))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=out) from None
    return made
