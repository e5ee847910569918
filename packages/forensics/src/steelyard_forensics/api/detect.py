"""Tests over finished runs, and the verification of their sealed results (``steelyard detect``). Nothing is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.errors import ExitCode, InputError, VerificationError
from steelyard_forensics.api.panels import extract_from, read_entry, sealed_run

if TYPE_CHECKING:
    from steelyard.comparison.scored_run import MeasuredScores, ScoredRun
    from steelyard.evidence.keys import KeySigner
    from steelyard.records import DetectorResult
    from steelyard_forensics.panels.detection import Opened
    from steelyard_forensics.panels.folder import Panel
    from steelyard_forensics.panels.matching import Asked
    from steelyard_forensics.panels.record import Detection, PanelEntry, ReadRun, Side
    from steelyard_forensics.panels.twin_gap import Scores

__all__ = ["DetectionVerified", "twin_gap", "verify_detection"]

_LARGEST_ALPHA: Final = 0.05


@dataclass(frozen=True)
class _Tested:
    """A run of the tested model, verified in full."""

    scored: ScoredRun
    measured: Mapping[str, MeasuredScores]
    entry: PanelEntry

    @property
    def sides(self) -> dict[str, Side]:
        from steelyard_forensics.panels.extracts import side_of

        return {name: side_of(each) for name, each in self.measured.items()}


def twin_gap(
    run: Path,
    *,
    panel: Path,
    twins: Path | None = None,
    task: str = "",
    twin_task: str = "",
    alpha: float = _LARGEST_ALPHA,
    out: Path,
    signer: KeySigner | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> Detection:
    """Hold a model's drop from public samples to authored twins against a panel's, and seal what came out in ``out``.

    ``twins`` is the run with the twins, where they are not in ``run``; ``task`` and ``twin_task`` choose where a run
    has several tasks. Raises InputError for runs that cannot be held against each other, VerificationError for a run
    that does not hold.
    """
    from steelyard.storage.run_folder import check_new_folder
    from steelyard.util.software import software
    from steelyard_forensics.panels.detection import FORMAT, PANEL_EXTRACTS, TESTED_EXTRACTS, seal_detection
    from steelyard_forensics.panels.folder import read_panel
    from steelyard_forensics.panels.matching import chosen_sides, sorted_entries
    from steelyard_forensics.panels.record import Detection
    from steelyard_forensics.panels.twin_gap import RULE

    if not 0 < alpha <= _LARGEST_ALPHA:
        raise InputError(f"alpha is {alpha:g}, and it is above 0 and at most {_LARGEST_ALPHA}")
    check_new_folder(out)
    held = read_panel(panel)
    tested = [_tested(each) for each in dict.fromkeys((run, twins or run))]
    first, last = tested[0], tested[-1]
    if first.entry.subject != last.entry.subject:
        raise InputError(
            f"is of another model or address than {run}: {last.entry.subject} in place of {first.entry.subject}",
            where=twins,
        )
    asked = chosen_sides(first.sides, last.sides, task, twin_task)
    _check_twins(first, last, asked)
    read, left_out = sorted_entries(held.entries, asked, first.entry.subject)
    extracts: dict[str, bytes] = {}
    runs: list[ReadRun] = []
    entries = [each for several in read.values() for each in several]
    for number, entry in enumerate(entries, 1):
        progress(f"reading the panel's runs, {number} of {len(entries)}")
        runs.append(_kept(extracts, read_entry(held, entry)[1], asked.both, entry, PANEL_EXTRACTS))
    wanted = [asked.both] if first is last else [(asked.public,), (asked.twins,)]
    mine = [
        _kept(extracts, each.measured, sides, each.entry, TESTED_EXTRACTS)
        for each, sides in zip(tested, wanted, strict=True)
    ]
    settings = {"task": asked.public.task, "twin_task": asked.twins.task}
    detection = Detection(
        format=FORMAT,
        rule=RULE,
        software=software(),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        alpha=alpha,
        settings=settings,
        tested=tuple(mine),
        panel=held.named,
        read=tuple(runs),
        left_out=tuple(left_out),
        result=_twin_gap_of(mine, runs, _scores(extracts, (*mine, *runs)), settings, alpha),
        signer="" if signer is None else signer.public_key.keyval["public"],
    )
    seal_detection(out, detection, extracts, signer)
    return detection


def _tested(run: Path) -> _Tested:
    from steelyard_forensics.api.panels import entry_of

    scored, measured, bundle, answers = sealed_run(run)
    return _Tested(scored, measured, entry_of(scored, measured, bundle, answers, ""))


def _check_twins(first: _Tested, last: _Tested, asked: Asked) -> None:
    """Raise InputError where a twin is a public sample: to the letter, as it was asked."""

    def asked_of(run: _Tested, side: Side) -> set[str]:
        names = [name for name, each in run.sides.items() if each == side]
        return {sample.item for name in names for sample in run.measured[name].samples.values()}

    if both := asked_of(first, asked.public) & asked_of(last, asked.twins):
        raise InputError(
            f"{len(both):,} of the twins are public samples: twins ask something else", where=last.scored.path
        )


def _kept(
    extracts: dict[str, bytes],
    measured: Mapping[str, MeasuredScores],
    wanted: tuple[Side, ...],
    entry: PanelEntry,
    folder: str,
) -> ReadRun:
    run, extracts[f"{folder}{entry.name}.jsonl"] = extract_from(dict(measured), wanted, entry, folder)
    return run


def _scores(extracts: Mapping[str, bytes], runs: Sequence[ReadRun]) -> dict[str, Scores]:
    from steelyard_forensics.panels.extracts import read_extract

    return {run.extract: read_extract(extracts[run.extract], run.sides, run.extract) for run in runs}


def _twin_gap_of(
    tested: Sequence[ReadRun],
    read: Sequence[ReadRun],
    scores: Mapping[str, Scores],
    settings: Mapping[str, str],
    alpha: float,
) -> DetectorResult:
    """The result, from what was read alone: also what a verifier computes again."""
    from steelyard_forensics.panels.matching import sides_of, twin_scores
    from steelyard_forensics.panels.twin_gap import panel_twin_gap

    asked = sides_of(tested, settings)
    (own,) = twin_scores(tested, scores, asked).values()
    return panel_twin_gap(own, list(twin_scores(read, scores, asked).values()), asked.both, alpha)


# ── verification ────────────────────────────────────────────────────────────────────────────────────────────────────

_Computed = Callable[
    [Sequence["ReadRun"], Sequence["ReadRun"], Mapping[str, "Scores"], Mapping[str, str], float], "DetectorResult"
]
_RULES: Final[Mapping[str, _Computed]] = {"panel_twin_gap@1": _twin_gap_of}  # what computes each rule again


@dataclass(frozen=True)
class DetectionVerified:
    """A sealed result that holds: the test was computed again from its extracts.

    ``held`` counts the extracts that were also made again from the sealed runs they are of; ``unheld`` those whose runs
    were not given. ``panel_held``: a panel was given, and what was read and left out of it had to be. ``grown``: that
    panel is not as it was. ``not_recomputed``: the rule, where this version has it not.
    """

    folder: Path
    detection: Detection
    signed_by: str
    trusted: bool
    held: int = 0
    unheld: int = 0
    panel_held: bool = False
    grown: bool = False
    not_recomputed: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """3 where something that was asked for was not checked, else 0; what was found is no matter of the evidence."""
        return ExitCode.UNDECIDED if self.not_recomputed or self.grown else ExitCode.CONSISTENT


def verify_detection(
    path: Path,
    require_key: Path | None = None,
    panel: Path | None = None,
    runs: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda line: None,
) -> DetectionVerified:
    """Verify a sealed result offline: digests, signature, and the test from its extracts.

    With ``panel`` each extract of the panel is made again from its sealed run there, which is verified first, and what
    was left out must be what cannot be read beside the tested model. With ``runs`` the extracts of the tested model are
    made again. Raises VerificationError naming the first thing that does not hold.
    """
    from steelyard.verification.recompute import check_same
    from steelyard_forensics.panels.detection import open_detection
    from steelyard_forensics.panels.folder import read_panel

    opened = open_detection(path, require_key)
    detection = opened.detection
    if not 0 < detection.alpha <= _LARGEST_ALPHA:
        raise VerificationError(f"{path}: its level is {detection.alpha:g}, and at most {_LARGEST_ALPHA} is tested at")
    compute = _RULES.get(detection.rule)
    if compute is not None:
        try:
            again = compute(detection.tested, detection.read, opened.scores, detection.settings, detection.alpha)
        except (InputError, ValueError, LookupError, ArithmeticError) as error:
            raise VerificationError(f"{path}: the result that it seals cannot be computed: {error}") from None
        check_same(msgspec.to_builtins(detection.result), msgspec.to_builtins(again), "result")
        _check_counts(detection, path)
    held_panel = None if panel is None else read_panel(panel)
    if held_panel is not None and compute is not None:
        _check_panel(held_panel, detection, progress)
    folders = {} if held_panel is None else {each.bundle: held_panel.folder(each) for each in held_panel.entries}
    given = {**folders, **_by_seal(runs, detection)}
    every = (*detection.tested, *detection.read)
    for number, run in enumerate(every, 1):
        if run.bundle in given:
            progress(f"verifying run {number} of {len(every)}")
            _check_extract(opened, run, given[run.bundle])
    held = sum(run.bundle in given for run in every)
    return DetectionVerified(
        folder=path,
        detection=detection,
        signed_by=opened.signed_by,
        trusted=opened.trusted,
        held=held,
        unheld=len(every) - held,
        panel_held=held_panel is not None and compute is not None,
        grown=held_panel is not None and held_panel.sha256 != detection.panel.sha256,
        not_recomputed="" if compute is not None else detection.rule,
    )


def _check_counts(detection: Detection, path: Path) -> None:
    """What is read and left out is the panel, no more and no less; the tested model is not in it."""
    named = [run.bundle[:16] for run in detection.read] + [each.name for each in detection.left_out]
    families = {run.family for run in detection.read} | {each.family for each in detection.left_out}
    if len(set(named)) != len(named) or (len(named), len(families)) != (detection.panel.runs, detection.panel.families):
        raise VerificationError(f"{path}: what it read and left out is not the panel that it names")
    if {run.subject for run in detection.tested} & {run.subject for run in detection.read}:
        raise VerificationError(f"{path}: holds the tested model against itself")


def _check_panel(panel: Panel, detection: Detection, progress: Callable[[str], None]) -> None:
    """Raise VerificationError unless the panel has all that was read and left out, and each of it for its reason.

    A panel that is as it was has nothing else. Who wrote it also wrote what its runs were asked, so that is read from
    the runs that were left out; the others' extracts are made again.
    """
    from steelyard_forensics.panels.matching import check_sorted

    named = {run.bundle[:16] for run in detection.read} | {each.name for each in detection.left_out}
    entries = panel.entries
    if panel.sha256 != detection.panel.sha256:
        entries = tuple(each for each in entries if each.name in named)
        if gone := named - {each.name for each in entries}:
            raise VerificationError(f"{panel.path}: does not have the run {min(gone)}, which was in the panel")
    check_sorted(detection, entries, str(panel.path))
    left_out = {each.name for each in detection.left_out}
    apart = [each for each in entries if each.name in left_out]
    for number, entry in enumerate(apart, 1):
        progress(f"reading what was left out, {number} of {len(apart)}")
        read_entry(panel, entry)


def _by_seal(runs: Sequence[Path], detection: Detection) -> dict[str, Path]:
    from steelyard.evidence.bundle import Bundle

    tested = {run.bundle for run in detection.tested}
    found = {Bundle.open(run).sha256: run for run in runs}
    if strange := [run for digest, run in found.items() if digest not in tested]:
        raise InputError("is none of the runs that were tested", where=strange[0])
    return found


def _check_extract(opened: Opened, run: ReadRun, folder: Path) -> None:
    """Raise VerificationError unless the sealed run gives the same extract and is what the result says it is."""
    from steelyard_forensics.api.panels import entry_of

    scored, measured, bundle, answers = sealed_run(folder)
    wanted = tuple(run.sides.values())
    entry = entry_of(scored, measured, bundle, answers, run.family)
    again, data = extract_from(measured, wanted, entry, run.extract.partition("/")[0] + "/")
    if data != (opened.path / run.extract).read_bytes():
        raise VerificationError(f"{run.extract}: is not what the sealed run {folder} gives")
    if again != run:
        raise VerificationError(f"{run.extract}: is of another model, date or task than the sealed run {folder} says")
