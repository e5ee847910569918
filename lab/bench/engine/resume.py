"""``python -m bench.engine.resume``: SIGKILL at random moments of a run, resume each, and see what was lost.

Three witnesses: the journal as the kill left it, the journal after the resume, and the server's own counts per sum. A
call that was finished at the kill must be finished by the same bytes afterwards, and its sum must not reach the server
again. Requests in flight at a kill have no known answer, and are sent again.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console

from bench.engine.__main__ import machine
from bench.engine.contenders import Ours, Work
from bench.engine.journals import Call, answers_of, finished_calls, sum_number
from bench.engine.markdown import verdicts, write_section
from bench.engine.server import ROOT, Server, running
from bench.engine.sums import Sum, make_sums, write_sums

__all__ = ["Killed", "Trial", "main"]

LIMIT_SECONDS = 300.0
QUIET_SECONDS = 0.3


@dataclass(frozen=True)
class Killed:
    """One kill and its resume. ``after_s``: from the first request to the SIGKILL."""

    after_s: float
    finished: int
    of: int
    lost: int
    asked_again: int
    same_answers: bool
    resumed: int
    verified: int
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether nothing was lost, nothing answered was sent again, and the result is that of the undisturbed run."""
        whole = self.lost == 0 and self.asked_again == 0 and self.same_answers
        return whole and self.resumed == 0 and self.verified == 0

    def __str__(self) -> str:
        word, same = "PASS" if self.kept else "FAIL", "same answers and root" if self.same_answers else "OTHER ANSWERS"
        return (
            f"{word}  killed after {self.after_s:5.2f} s with {self.finished:5,} of {self.of:,} finished: "
            f"lost {self.lost}, asked again {self.asked_again}, {same}, resume exits {self.resumed}, "
            f"verify {self.verified}{self.note}"
        )


@dataclass
class Trial:
    """An undisturbed run, then the requested number of kills, all against one server."""

    server: Server
    folder: Path
    sums: Sequence[Sum]
    connections: int
    notify: Callable[[str], None] = field(default=lambda _: None)

    def kills(self, count: int, seed: int) -> Iterator[Killed]:
        """Kill at ``count`` moments, uniform from the first request to the end of the undisturbed run."""
        questions = write_sums(self.folder / "sums.jsonl", self.sums)
        self._steelyard("key", "new", "--out", str(self.folder / "key.pem"))
        self.notify("an undisturbed run")
        undisturbed = self._work(questions, "undisturbed")
        seconds, _ = self._run(undisturbed, None)
        expected = answers_of(undisturbed.folder / "run")
        _, root = self._verify(undisturbed.folder / "run")
        draw = random.Random(seed)
        for number in range(1, count + 1):
            moment = draw.uniform(0, seconds)
            self.notify(f"kill {number} of {count}, {moment:.2f} s after the first request of a run of {seconds:.2f} s")
            yield self._kill(self._work(questions, f"killed{number}"), moment, expected, root)

    def _kill(self, work: Work, moment: float, expected: list[tuple[object, ...]], root: str) -> Killed:
        run = work.folder / "run"
        after, ended = self._run(work, moment)
        self._settle()
        before = finished_calls(run)
        asked_before = Counter(self.server.get("/sums")["asked"])
        resumed = self._steelyard("resume", str(run), "--key", str(self.folder / "key.pem"))
        self._settle()
        asked_after = Counter(self.server.get("/sums")["asked"])
        now = finished_calls(run)
        verified, same_root = self._verify(run)
        return Killed(
            after_s=after,
            finished=len(before),
            of=len(expected),
            lost=sum(now.get(call) != record for call, record in before.items()),
            asked_again=self._asked_again(before, now, asked_after - asked_before),
            same_answers=answers_of(run) == expected and same_root == root != "",
            resumed=resumed,
            verified=verified,
            note=" (it had ended by itself)" if ended else "",
        )

    def _asked_again(self, before: Mapping[Call, object], now: Mapping[Call, object], asked: Counter[str]) -> int:
        """Requests after the kill beyond one for each call that was unfinished then, by the server's count per sum.

        A sum of a repeat check is several calls, each of which may be asked once.
        """
        keys = {call: self.sums[sum_number(call)].key for call in now}
        unfinished = Counter(key for call, key in keys.items() if call not in before)
        return (asked - unfinished).total()

    def _work(self, questions: Path, name: str) -> Work:
        options = ("--key", str(self.folder / "key.pem"), "--no-ledger")  # one order for all
        return Work(questions, self.server.url, self.connections, self.folder / name, options)

    def _run(self, work: Work, kill_after: float | None) -> tuple[float, bool]:
        """Run to the end, or kill; gives the seconds from the first request on, and whether it ended by itself."""
        work.folder.mkdir()
        self.server.reset()
        command, _ = Ours().command(work)
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.server.get("/wait?sums=1", timeout=LIMIT_SECONDS)
        began = time.monotonic()
        ended = True
        try:
            process.wait(LIMIT_SECONDS if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            ended = False
        return time.monotonic() - began, ended

    def _settle(self) -> None:
        """Wait until the server has seen everything that was sent to it."""
        seen = -1
        while True:
            stats = self.server.get("/stats")
            if stats["requests"] == seen and not stats["in_flight"]:
                return
            seen = stats["requests"]
            time.sleep(QUIET_SECONDS)

    def _verify(self, run: Path) -> tuple[int, str]:
        """The exit code of ``steelyard verify``, and the root that it computes over the final answers."""
        command = [sys.executable, "-m", "steelyard", "verify", str(run), "--json"]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        return found.returncode, json.loads(found.stdout)["answers_root"] if found.returncode == 0 else ""

    def _steelyard(self, *arguments: str) -> int:
        command = [sys.executable, "-m", "steelyard", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=LIMIT_SECONDS).returncode


@click.command()
@click.option("--kills", type=click.IntRange(1), default=20, show_default=True)
@click.option("--samples", type=click.IntRange(5), default=2000, show_default=True, help="A multiple of five.")
@click.option("--connections", type=click.IntRange(1), default=100, show_default=True)
@click.option("--latency", type=float, default=0.05, show_default=True, help="The server's, in seconds.")
@click.option("--seed", type=int, default=3, show_default=True, help="Of the moments.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Put what is printed into this document too.")
def main(kills: int, samples: int, connections: int, latency: float, seed: int, markdown: Path | None) -> None:
    """Kill a run at random moments, resume it each time, and report lost and repeated requests."""
    out, err = Console(width=120), Console(stderr=True)
    title = f"{machine()}; {samples:,} samples, {connections} connections, {latency * 1e3:g} ms, seed {seed}"
    out.print(title)
    done: list[Killed] = []
    with (
        tempfile.TemporaryDirectory(prefix="steelyard-bench-") as folder,
        running(latency) as server,
        err.status("starting") as status,
    ):
        trial = Trial(server, Path(folder), make_sums(samples), connections, notify=status.update)
        for killed in trial.kills(kills, seed):
            done.append(killed)
            out.print(str(killed), style="" if killed.kept else "bold red", highlight=False, soft_wrap=True)
    lost, again = sum(each.lost for each in done), sum(each.asked_again for each in done)
    other, kept = sum(not each.same_answers for each in done), all(each.kept for each in done)
    finished = sum(each.finished for each in done)
    summary = (
        f"{'PASS' if kept else 'FAIL'}  {len(done)} kills: {finished:,} finished answers, {lost} lost; "
        f"{again} answered prompts asked again; {other} runs with other final records than the undisturbed one"
    )
    out.print(summary, style="" if kept else "bold red", highlight=False, soft_wrap=True)
    if markdown is not None:
        write_section(markdown, "bench.engine.resume", f"{title}.\n\n{verdicts([*map(str, done), summary])}")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
