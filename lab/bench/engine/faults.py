"""``python -m bench.engine.faults``: the server fails on a schedule; does every run end by itself with a true report?

What a truthful run must report is computed from the plan of faults and the server's own counts, never from the run:
which sums can have no answer, how many of the others the server answers right, hence the score's bounds and the exit
code. Peers are run beside ours for what they do; nothing is asserted of them.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.engine.__main__ import machine
from bench.engine.contenders import Contender, Finish, Ours, Work, contenders, run_weighed
from bench.engine.journals import asked_calls, finished_calls, outcomes, records, scores, sum_number
from bench.engine.markdown import table, verdicts, write_section
from bench.engine.server import ROOT, Server, running
from bench.engine.sums import FaultPlan, Known, Sum, known_outcome, make_sums, write_sums

__all__ = ["CASES", "Case", "Endured", "endure", "main"]

MIXED = "429=0.03,500=0.03,malformed=0.02,drop=0.01"
HANG = "hang=0.01"
# How each fault that the server plays must be called in the journal.
CALLED = {
    "429": "rate_limited",
    "500": "server_error",
    "malformed": "malformed",
    "drop": "dropped",
    "hang": "timeout",
}
EXIT_WHOLE, EXIT_PLAN_NOT_MET = 0, 4
GRACE_SECONDS = 15.0  # starting up, finalizing and the bench's own looking, on a busy machine
HEADINGS = ("mode", "harness", "ends", "s", "exit", "scored", "missing", "score", "bounds", "as known")


@dataclass(frozen=True)
class Case:
    """A plan of faults, and what a user would say to ours beside it. ``timeout`` and ``deadline`` in seconds.

    ``cut``: the deadline comes while calls hang, so the run must stop unfinished instead of being finalized.
    """

    faults: FaultPlan
    timeout: float = 120.0
    deadline: float = 120.0
    cut: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The options for steelyard."""
        return "--timeout", f"{self.timeout:g}", "--deadline", f"{self.deadline:g}s"

    @property
    def title(self) -> str:
        """What is broken."""
        limits = f"; timeout {self.timeout:g} s, deadline {self.deadline:g} s" if self.timeout < 120 or self.cut else ""
        return self.faults.text + limits


CASES = (
    *(Case(FaultPlan.read(MIXED, mode)) for mode in ("first", "always", "random")),
    *(Case(FaultPlan.read(HANG, mode), timeout=2.0) for mode in ("first", "always", "random")),
    Case(FaultPlan.read(HANG, "always"), deadline=5.0, cut=True),
)


@dataclass(frozen=True)
class Endured:
    """What one harness did under one plan of faults. ``wrong`` lists what was not as known; peers have none."""

    case: Case
    name: str
    finish: Finish
    scored: int
    of: int
    score: float | None
    bounds: tuple[float, float] | None = None
    missing: int | None = None
    ended_as: Counter[str] | None = None
    wrong: tuple[str, ...] = ()

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        checked = "" if self.name != "steelyard" else "no" if self.wrong else "yes"
        return (
            self.case.faults.mode,
            self.name,
            "no" if self.finish.stopped else "yes",
            f"{self.finish.wall_s:.0f}",
            "killed" if self.finish.stopped else str(self.finish.code),
            f"{self.scored:,}",
            "" if self.missing is None else str(self.missing),
            "none" if self.score is None else f"{self.score:.4f}",
            "" if self.bounds is None else "{:.4f}–{:.4f}".format(*self.bounds),
            checked,
        )


def endure(
    contender: Contender, case: Case, sums: Sequence[Sum], connections: int, folder: Path, limit: float
) -> Endured:
    """One pass under one plan. ``limit``: seconds after which a harness that does not end by itself is killed."""
    questions = write_sums(folder / "sums.jsonl", sums)
    ours = isinstance(contender, Ours)
    with running(0.05, case.faults) as server:
        options = case.options if ours else ()
        work = Work(questions, server.url, connections, folder / contender.name.replace(" ", "-"), options)
        finish = run_weighed(contender, work, max(limit, case.deadline + 60 if ours else 0.0))
        if ours:
            return _examine(case, sums, work, finish, server)
        return Endured(case, contender.name, finish, contender.scored(work), len(sums), contender.score(work))


def _examine(case: Case, sums: Sequence[Sum], work: Work, finish: Finish, server: Server) -> Endured:
    """Hold ours against what is known."""
    run = work.folder / "run"
    seen = server.get("/sums")
    known = known_outcome(sums, _unanswerable(case, sums, seen))
    recorded = scores(run)
    values = [score["value"] for score in recorded]
    right = sum(value == 1 for value in values)
    missing = sum(value is None for value in values)
    scored = len(values) - missing
    wrong = [
        *_wrong_end(case, known, finish),
        *_wrong_records(case, sums, run, seen["asked"]),
        *(() if case.cut else _wrong_scores(known, run, right, missing, len(values))),
    ]
    if not case.cut and _steelyard("verify", str(run)):
        wrong.append("steelyard verify does not hold")
    return Endured(
        case=case,
        name="steelyard",
        finish=finish,
        scored=scored,
        of=len(sums),
        score=right / scored if scored else None,
        bounds=(right / len(values), (right + missing) / len(values)) if values else None,
        missing=missing if values else None,
        ended_as=outcomes(run),
        wrong=tuple(wrong),
    )


def _unanswerable(case: Case, sums: Sequence[Sum], seen: dict[str, dict[str, int]]) -> list[str]:
    """The sums that can have no answer: by the plan, or in mode ``random`` those that the server never answered."""
    if case.faults.mode == "always":
        return [each.key for each in sums if case.faults.chosen(each.key)]
    if case.faults.mode == "random":
        return [each.key for each in sums if not seen["answered"].get(each.key)]
    return []


def _wrong_end(case: Case, known: Known, finish: Finish) -> list[str]:
    wrong = []
    if finish.stopped:
        wrong.append("it did not end by itself")
    if finish.wall_s > case.deadline + GRACE_SECONDS:
        wrong.append(f"it took {finish.wall_s:.0f} s with a deadline of {case.deadline:g} s")
    expected = EXIT_PLAN_NOT_MET if case.cut or known.missing else EXIT_WHOLE
    if finish.code != expected:
        wrong.append(f"exit {finish.code}, not {expected}")
    return wrong


def _wrong_records(case: Case, sums: Sequence[Sum], run: Path, asked: dict[str, int]) -> list[str]:
    """Every request that reached the server is on record, with an outcome of the right name."""
    wrong = []
    on_record: Counter[str] = Counter()
    for call, attempts in asked_calls(run).items():
        on_record[sums[sum_number(call)].key] += attempts
    if on_record != Counter(asked):
        differing = (on_record - Counter(asked)) + (Counter(asked) - on_record)
        wrong.append(f"{differing.total()} requests differ between the journal and the server")
    allowed = {"ok", *(CALLED[kind] for kind in case.faults.shares)}
    found = {record["outcome"] for record in records(run) if record.get("type") == "attempt"}
    if not found <= allowed:
        wrong.append(f"outcomes that the plan does not have: {', '.join(sorted(found - allowed))}")
    if case.cut:
        return wrong
    finished = sum(call[1] >= 0 for call in finished_calls(run))
    if finished != len(sums):
        wrong.append(f"{len(sums) - finished} samples without a final outcome")
    if case.faults.mode == "always":
        expected = Counter(CALLED.get(case.faults.chosen(each.key), "ok") for each in sums)
        if outcomes(run) != expected:
            wrong.append(f"outcomes {dict(outcomes(run))}, not {dict(expected)}")
    return wrong


def _wrong_scores(known: Known, run: Path, right: int, missing: int, of: int) -> list[str]:
    """Check that the scores are the known ones and the report's interval spans both bounds."""
    wrong = []
    if (right, missing, of) != (known.right, known.missing, known.of):
        wrong.append(f"{right} right, {missing} missing of {of}; not {known.right}, {known.missing} of {known.of}")
    path = run / "report.json"
    if not path.is_file():
        return [*wrong, "there is no report"]
    result: dict[str, Any] = json.loads(path.read_text())["measurements"][0]
    low, high = _wilson(known.right, known.of)[0], _wilson(known.right + known.missing, known.of)[1]
    if not all(math.isclose(a, b * 100, abs_tol=1e-6) for a, b in zip(result["ci"], (low, high), strict=True)):
        wrong.append(f"interval {result['ci']}, not {low * 100:.4f}–{high * 100:.4f}")
    if result["missing"] != known.missing:
        wrong.append(f"the report says {result['missing']} missing, not {known.missing}")
    return wrong


def _wilson(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval, written out here so that the check does not lean on what it checks."""
    z, share = 1.959963984540054, right / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)


def _steelyard(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "steelyard", *arguments], cwd=ROOT, capture_output=True).returncode


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────────────────


@click.command()
@click.option("--samples", type=click.IntRange(5), default=2000, show_default=True, help="A multiple of five.")
@click.option("--connections", type=click.IntRange(1), default=100, show_default=True)
@click.option("--limit", type=float, default=180.0, show_default=True, help="Kill a harness after so many seconds.")
@click.option("--only", multiple=True, help="Only this harness (may be given several times).")
@click.option("--markdown", type=click.Path(path_type=Path), help="Put the tables into this document too.")
def main(samples: int, connections: int, limit: float, only: tuple[str, ...], markdown: Path | None) -> None:
    """Run ours and the peers under each plan of faults, and hold ours against what is known."""
    out, err = Console(width=100), Console(stderr=True)
    chosen = [each for each in contenders() if each.name != "bare loop" and (not only or each.name in only)]
    absent = {each.name: each.unavailable_reason() for each in chosen if each.unavailable_reason()}
    title = f"{machine()}; {samples:,} samples, {connections} connections, 50 ms, one pass each"
    sums = make_sums(samples)
    done: list[Endured] = []
    with tempfile.TemporaryDirectory(prefix="steelyard-bench-") as folder, err.status("starting") as status:
        for case in CASES:
            for each in chosen:
                # Only steelyard has a deadline option; the peers have none.
                if each.name in absent or (case.cut and each.name != "steelyard"):
                    continue
                status.update(f"{case.title}, {case.faults.mode}: {each.name}")
                done.append(endure(each, case, sums, connections, Path(folder), limit))
    out.print(title)
    for name, why in absent.items():
        out.print(f"left out: {name}, {why}", soft_wrap=True)
    for group in dict.fromkeys(each.case.title for each in done):
        out.print(_table(group, [each for each in done if each.case.title == group]))
    lines = [_verdict_line(each) for each in done if each.name == "steelyard"]
    for line in lines:
        out.print(line, style="bold red" if line.startswith("FAIL") else "", highlight=False, soft_wrap=True)
    if markdown is not None:
        write_section(markdown, "bench.engine.faults", _as_markdown(title, done, lines))
    sys.exit(1 if any(each.wrong for each in done) else 0)


def _verdict_line(each: Endured) -> str:
    ended = ", ".join(f"{name} {number:,}" for name, number in sorted((each.ended_as or Counter()).items()))
    found = "; ".join(each.wrong) or f"every sample has its outcome ({ended}), score, bounds and exit as known"
    if each.case.cut and not each.wrong:
        found = f"cut off at the deadline, exit {each.finish.code}, every request on record; finished: {ended}"
    return f"{'FAIL' if each.wrong else 'PASS'}  {each.case.title}, {each.case.faults.mode}: {found}"


def _table(title: str, group: Sequence[Endured]) -> Table:
    shown = Table(title=title, box=SIMPLE_HEAD)
    for name in HEADINGS:
        left = name in ("mode", "harness")
        shown.add_column(name, justify="left" if left else "right", no_wrap=True)
    for each in group:
        shown.add_row(*each.row)
    return shown


def _as_markdown(title: str, done: Sequence[Endured], lines: Sequence[str]) -> str:
    groups = dict.fromkeys(each.case.title for each in done)
    rows = {group: [each.row for each in done if each.case.title == group] for group in groups}
    tables = [table(group, HEADINGS, rows[group], 2) for group in groups]
    return "\n".join([title + ".", "", *tables, verdicts(lines)])


if __name__ == "__main__":
    main()
