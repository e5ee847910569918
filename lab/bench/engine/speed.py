"""Throughput, CPU and memory of every harness on the same cells, in turn, and the checks of our own promises."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.engine.contenders import Contender, Finish, Work, run_weighed
from bench.engine.server import Server, running
from bench.engine.sums import SHARE_RIGHT, make_sums, write_sums

__all__ = ["CELLS", "QUICK", "Cell", "Check", "Measured", "Pass", "Speed", "checks"]

# A handful of samples cost nearly nothing, so that a pass over them is the price of starting up and ending.
STARTUP_SAMPLES = 10
LIMIT_SECONDS = 900.0
MOST_OF_A_DIALECT = 1.2  # of the CPU that the OpenAI-compatible one takes


@dataclass(frozen=True)
class Cell:
    """Latency in seconds, connections, samples."""

    latency: float
    connections: int
    samples: int

    @property
    def least_seconds(self) -> float:
        """What no harness can be faster than."""
        return self.latency * self.samples / self.connections

    def __str__(self) -> str:
        return f"{self.latency * 1e3:g} ms latency, {self.connections} connections, {self.samples:,} samples"


QUICK = (Cell(0.05, 100, 2000),)
CELLS = tuple(
    Cell(latency, connections, samples)
    for samples in (2000, 20_000)
    for latency in (0.05, 0.0)
    for connections in (100, 10)
)


@dataclass(frozen=True)
class Pass:
    """One pass of one harness: what it took, how long the server was kept busy, and the score it reported."""

    finish: Finish
    span_s: float
    score: float | None


@dataclass(frozen=True)
class Measured:
    """All passes of one harness in one cell; where it was left out, why."""

    name: str
    cell: Cell
    passes: tuple[Pass, ...] = ()
    startup_cpu_s: float = 0.0
    left_out: str = ""

    @property
    def throughput(self) -> list[float]:
        """Samples a second between the first request and the last reply, a pass each."""
        return [self.cell.samples / each.span_s for each in self.passes if each.span_s]

    @property
    def rate(self) -> float:
        """The median throughput."""
        return statistics.median(self.throughput) if self.throughput else 0.0

    @property
    def cpu_ms(self) -> float:
        """Median CPU milliseconds a sample, start-up included."""
        return self._median("cpu_s") * 1e3 / self.cell.samples

    @property
    def net_cpu_ms(self) -> float:
        """Median CPU milliseconds for each sample more, start-up and end subtracted."""
        return (self._median("cpu_s") - self.startup_cpu_s) * 1e3 / (self.cell.samples - STARTUP_SAMPLES)

    @property
    def wall_s(self) -> float:
        """Median seconds from the start of the process to its end."""
        return self._median("wall_s")

    @property
    def peak_mb(self) -> float:
        """The most memory of any pass: of one process, or of all its processes together, whichever is more."""
        return max(max(each.finish.max_mb, each.finish.tree_mb) for each in self.passes)

    @property
    def exact(self) -> bool:
        """Whether every pass reported exactly the known score, and success."""
        known = float(SHARE_RIGHT)
        return all(
            each.finish.code == 0 and each.score is not None and abs(each.score - known) < 1e-9 for each in self.passes
        )

    def _median(self, name: str) -> float:
        return statistics.median(float(getattr(each.finish, name)) for each in self.passes)


@dataclass
class Speed:
    """Runs the cells. A pass that would take longer than ``patience`` seconds is left out, with a note."""

    contenders: Sequence[Contender]
    folder: Path
    repeats: int = 3
    patience: float = 180.0
    once_from: float = 60.0  # passes as long as this are made once
    notify: Callable[[str], None] = field(default=lambda _: None)
    _startup: dict[str, float] = field(default_factory=dict, init=False)
    _seconds_a_sample: dict[tuple[str, float, int], float] = field(default_factory=dict, init=False)

    def measure(self, cells: Sequence[Cell]) -> Iterator[list[Measured]]:
        """One list a cell, as each is done."""
        self._measure_startup()
        for cell in cells:
            questions = write_sums(self.folder / f"sums{cell.samples}.jsonl", make_sums(cell.samples))
            with running(cell.latency) as server:
                yield self._measure_cell(cell, questions, server)

    def _measure_startup(self) -> None:
        questions = write_sums(self.folder / "few.jsonl", make_sums(STARTUP_SAMPLES))
        cell = Cell(0.0, 10, STARTUP_SAMPLES)
        with running() as server:
            taken: dict[str, list[float]] = {each.name: [] for each in self.contenders}
            for number in range(self.repeats):
                for each in self.contenders:
                    if not each.unavailable_reason():
                        self.notify(f"starting {each.name} up ({number + 1} of {self.repeats})")
                        taken[each.name].append(self._pass(each, cell, questions, server).finish.cpu_s)
        self._startup = {name: statistics.median(seconds) for name, seconds in taken.items() if seconds}

    def _measure_cell(self, cell: Cell, questions: Path, server: Server) -> list[Measured]:
        left_out = {each.name: each.unavailable_reason() or self._too_long(each, cell) for each in self.contenders}
        passes: dict[str, list[Pass]] = {each.name: [] for each in self.contenders}
        for number in range(self.repeats):
            for each in self.contenders:
                if left_out[each.name] or (number and self._expected(each, cell) >= self.once_from):
                    continue
                self.notify(f"{cell}: {each.name} ({number + 1} of {self.repeats})")
                done = self._pass(each, cell, questions, server)
                passes[each.name].append(done)
                place = each.name, cell.latency, cell.connections
                self._seconds_a_sample[place] = done.finish.wall_s / cell.samples
        return [
            Measured(each.name, cell, tuple(passes[each.name]), self._startup.get(each.name, 0.0), left_out[each.name])
            for each in self.contenders
        ]

    def _pass(self, contender: Contender, cell: Cell, questions: Path, server: Server) -> Pass:
        server.reset()
        work = Work(questions, server.url, cell.connections, self.folder / contender.name.replace(" ", "-"))
        finish = run_weighed(contender, work, LIMIT_SECONDS)
        return Pass(finish, float(server.get("/stats")["span_s"]), contender.score(work))

    def _expected(self, contender: Contender, cell: Cell) -> float:
        """Seconds that a pass will take, from what the same cell took with fewer samples."""
        known = self._seconds_a_sample.get((contender.name, cell.latency, cell.connections), 0.0) * cell.samples
        return max(known, cell.least_seconds)

    def _too_long(self, contender: Contender, cell: Cell) -> str:
        seconds = self._expected(contender, cell)
        return f"a pass would take about {seconds / 60:.0f} minutes" if seconds > self.patience else ""


@dataclass(frozen=True)
class Check:
    """One promise: what was promised, what was found, and whether it was kept."""

    kept: bool
    promise: str
    found: str

    def __str__(self) -> str:
        return f"{'PASS' if self.kept else 'FAIL'}  {self.promise}: {self.found}"


def checks(cells: Sequence[Sequence[Measured]]) -> list[Check]:
    """The checks of our promises, on every cell that they cover."""
    found: list[Check] = []
    for cell in cells:
        by_name = {each.name: each for each in cell if each.passes}
        ours, floor = by_name.get("steelyard"), by_name.get("bare loop")
        if ours is None:
            continue
        where = ours.cell
        if floor is not None and where.latency and where.connections == 100:
            ratio = ours.rate / floor.rate if floor.rate else 0.0
            found.append(Check(ratio >= 0.9, f"{where}: throughput ≥ 0.9 of the bare loop", f"{ratio:.2f}"))
        for name, share in (("lm-eval", 1.0), ("inspect-ai", 0.1)):
            if name in by_name:
                found.append(_cpu_check(ours, by_name[name], share))
        for name, each in by_name.items():
            if name.startswith("steelyard "):
                found.append(_cpu_check(each, ours, MOST_OF_A_DIALECT))
        found.append(Check(ours.peak_mb <= 100, f"{where}: peak memory ≤ 100 MB", f"{ours.peak_mb:.0f} MB"))
        wrong = [each.name for each in by_name.values() if not each.exact]
        detail = f"not by {', '.join(wrong)}" if wrong else f"all of {', '.join(by_name)}"
        found.append(Check(not wrong, f"{where}: scores exactly {float(SHARE_RIGHT):.3f}", detail))
    return found


def _cpu_check(ours: Measured, peer: Measured, share: float) -> Check:
    allowed = "≤" if share == 1 else f"≤ {share:g} ×" if share > 1 else f"≤ 1/{1 / share:.0f} of"
    whose = "" if ours.name == "steelyard" else f"{ours.name}, "
    comparison = f"{ours.cpu_ms:.2f} against {peer.cpu_ms:.2f} ms (start-up subtracted: {ours.net_cpu_ms:.2f} against "
    return Check(
        ours.cpu_ms <= peer.cpu_ms * share and ours.net_cpu_ms <= peer.net_cpu_ms * share,
        f"{ours.cell}: {whose}CPU a sample {allowed} {peer.name}'s, with start-up and without",
        f"{comparison}{peer.net_cpu_ms:.2f})",
    )
