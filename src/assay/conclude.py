"""Journal → scores → verdict → reports → seal: the pure half of an audit, and the files that it leaves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from assay.errors import Broken, InputError
from assay.evidence.canonical import canonical
from assay.journal import read_segment, read_texts, replay, segment_names
from assay.journal.lines import segment_of
from assay.plugins import Scorer
from assay.records import Attempt, Plan, Score, Verdict
from assay.run_folder import open_plan_of, write_file
from assay.scores import score_run, scorers_of
from assay.verdict import judge, usage_by_row

__all__ = ["Conclusion", "checkpoint", "conclude", "conclusion_of", "read_scores", "renderer", "write_reports"]


@dataclass(frozen=True)
class Conclusion:
    """What follows from a journal. ``withheld``: marks that were read from scores.jsonl, their texts being withheld."""

    plan: Plan
    scores: list[Score]
    withheld: int
    verdict: Verdict


def conclusion_of(run: Path) -> Conclusion:
    """Everything after the journal, recomputed from it."""
    plan = open_plan_of(run).plan
    attempts = replay(run).attempts
    scorers = scorers_of(plan)
    marked = score_run(plan, attempts, scorers, dict(read_texts(run)))
    withheld = [mark for mark in marked if isinstance(mark, Attempt)]
    sealed = {score.seq: score for score in read_scores(run)} if withheld else {}
    for attempt in withheld:
        _check_belongs(attempt, sealed.get(attempt.seq), scorers)
    scores = [sealed[mark.seq] if isinstance(mark, Attempt) else mark for mark in marked]
    return Conclusion(plan, scores, len(withheld), judge(plan, scores, usage_by_row(attempts)))


def _check_belongs(attempt: Attempt, sealed: Score | None, scorers: Mapping[str, Scorer]) -> None:
    """A mark that is taken as sealed, its text being withheld, is still that of its attempt, at that place."""
    place = (attempt.row, attempt.position, attempt.sample, attempt.repeat, scorers[attempt.row].identifier)
    if (
        sealed is None
        or (sealed.row, sealed.position, sealed.sample, sealed.repeat, sealed.scorer) != place
        or (sealed.status == "missing") == attempt.outcome.answered
        or (sealed.value is None) != (sealed.status == "missing")
    ):
        raise Broken(f"scores.jsonl: the score of record {attempt.seq}, whose text is withheld, does not belong to it")


def conclude(run: Path, signer: Any = None) -> Verdict:
    """Write scores and reports of a finished run, and seal the bundle."""
    from assay.evidence.bundle import seal_bundle

    found = conclusion_of(run)
    write_file(run / "scores.jsonl", b"".join(canonical(score) + b"\n" for score in found.scores))
    write_reports(run, found.plan, found.verdict)
    seal_bundle(run, {"renderer": renderer()}, signer)
    return found.verdict


def write_reports(run: Path, plan: Plan, verdict: Verdict) -> None:
    """Write report.json, report.md and report.html."""
    from assay.reports import html, machine, markdown

    write_file(run / "report.json", canonical(machine.render(verdict)) + b"\n")
    write_file(run / "report.md", markdown.render(verdict, plan).encode())
    write_file(run / "report.html", html.render(verdict, plan).encode())


def checkpoint(run: Path, signer: Any = None) -> None:
    """Note how far the journal's segments went at a stop, signed where there is a key: rewriting them then shows."""
    from assay.evidence.checkpoints import checkpoint_line
    from assay.evidence.merkle import Tree

    sizes = {}
    for worker in segment_names(run):
        tree = Tree()
        for _, line in read_segment(run, worker):
            tree.append(line)
        sizes[f"journal/{segment_of(worker)}"] = (tree.size, tree.root())
    path = run / "checkpoints.jsonl"
    before = path.read_bytes() if path.is_file() else b""
    write_file(path, before + checkpoint_line(sizes, time.time_ns() // 1000, signer))


def renderer() -> dict[str, str]:
    """What drew the pictures: another version may draw the same numbers as other bytes."""
    from importlib.metadata import version

    return {name: version(name) for name in ("altair", "vl-convert-python", "jinja2")}


def read_scores(run: Path) -> list[Score]:
    """The scores as they were sealed; raises InputError where the run is not concluded yet."""
    path = run / "scores.jsonl"
    if not path.is_file():
        raise InputError("there are no scores here yet: assay resume goes on with the run", where=run)
    scores = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                scores.append(msgspec.json.decode(line, type=Score))
            except msgspec.DecodeError as error:
                raise Broken(f"scores.jsonl line {number}: not a score ({error})") from None
    return scores
