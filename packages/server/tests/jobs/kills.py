"""Workers killed and stopped at seeded random moments, the database restarted at once, and what became of the jobs."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from packages.server.tests.jobs.from_a_pool import Jobs
from packages.server.tests.jobs.yard import ENDED, Yard, a_person, a_run
from steelyard_server.jobs.rows import JobEvent
from testkit.fixtures import SumsServer


@dataclass
class Torment:
    """What is done to them; ``stop_seconds`` is how long a worker is stopped, ``calls`` are those of each job."""

    jobs: int
    kills: int
    stops: int
    restarts: int
    seed: int
    lease: float = 2.0
    stop_seconds: float = 6.0
    workers: int = 2
    calls: int = 4
    longest_seconds: float = 600.0


@dataclass
class Outcomes:
    """What became of it; everything in ``faults`` should not have been."""

    seconds: float = 0.0
    finished: int = 0
    faults: list[str] = field(default_factory=list)
    kills: int = 0
    stops: int = 0
    restarts: int = 0
    attempts: int = 0
    taken_over: list[float] = field(default_factory=list)  # seconds from a kill or a stop to the next attempt
    refused: int = 0  # writes, by the workers' own logs
    asked_again: int = 0


class _Act:
    """One worker's hardship, and which jobs it had then."""

    def __init__(self, at: datetime, had: list[tuple[int, int]]) -> None:
        self.at = at
        self.had = had


class _Waking:
    """A worker that is stopped, and until when."""

    def __init__(self, at: float, name: str, pids: list[int]) -> None:
        self.at = at
        self.name = name
        self._pids = pids

    def wake(self) -> None:
        for pid in reversed(self._pids):  # the jobs' processes first: their worker has not yet heard that they are late
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _below(pid: int) -> list[int]:
    """The processes that a process has started, and that these have."""
    found = [pid]
    for each in found:
        with suppress(FileNotFoundError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found[1:]


def torment(yard: Yard, server: SumsServer, what: Torment, say: Callable[[str], None] = lambda _: None) -> Outcomes:
    """Run jobs on workers of ``yard`` while they are tormented."""
    chance = random.Random(what.seed)
    person = a_person(yard.database, f"torment {what.seed} {time.monotonic_ns()}")
    with yard.database.pool(1) as pool:
        jobs = Jobs(pool)
        endpoint = yard.endpoint(server.url, 1000)
        numbers = [
            jobs.add(a_run(endpoint, what.calls, first=1000 + what.calls * each), person) for each in range(what.jobs)
        ]
    before = sum(times - 1 for prompt, times in server.asked.items() if prompt.startswith("What is"))
    for each in range(what.workers):
        yard.start(f"w{each}", what.lease)
    found, acts = _driven(yard, what, chance, set(numbers), say)
    with yard.database.pool(1) as pool:
        _judge(Jobs(pool), numbers, acts, found)
    _check_rows(yard, numbers, what.calls, found)
    again = sum(times - 1 for prompt, times in server.asked.items() if prompt.startswith("What is"))
    found.asked_again = again - before
    for name, process in yard.workers.items():
        if process.poll() is not None:
            found.faults.append(f"worker {name} ended by itself with {process.returncode}")
            continue
        process.terminate()
        if process.wait(60) != 0:
            found.faults.append(f"worker {name} ended with {process.returncode} after SIGTERM")
    lines = [str(line.get("how", "")) for name in yard.workers for line in yard.said(name)]
    found.refused = sum("refused" in line or "lease was lost" in line for line in lines)
    return found


def _driven(
    yard: Yard, what: Torment, chance: random.Random, left: set[int], say: Callable[[str], None]
) -> tuple[Outcomes, list[_Act]]:
    found = Outcomes()
    acts: list[_Act] = []
    plan = ["kill"] * what.kills + ["stop"] * what.stops + ["restart"] * what.restarts
    chance.shuffle(plan)
    # When so many jobs have ended, and some moment later; the last ones are left in peace.
    moments = sorted(chance.uniform(0, 0.85 * what.jobs) for _ in plan)
    waking: list[_Waking] = []
    total, begun = len(left), time.monotonic()
    told = 0
    while left:
        if time.monotonic() - begun > what.longest_seconds:
            found.faults.append(f"{len(left)} jobs have not ended within {what.longest_seconds:.0f} s")
            break
        for each in [each for each in waking if each.at <= time.monotonic()]:
            each.wake()
            waking.remove(each)
        left = _open(yard, left)
        done = total - len(left)
        if done - told >= 20:
            told = done
            say(f"{done} of {total} jobs have ended after {time.monotonic() - begun:.0f} s")
        if plan and done >= moments[0]:
            act = plan[0]
            stopped = {each.name for each in waking}
            free = [name for name in sorted(yard.workers) if name not in stopped]
            if act != "restart" and len(free) < 2 and act == "stop":
                time.sleep(0.1)
                continue
            plan.pop(0)
            moments.pop(0)
            time.sleep(chance.uniform(0, 1.5))
            name = chance.choice(free)
            _done(yard, what, act, name, found, acts, waking, is_whole=chance.random() < 0.5)
        time.sleep(0.1)
    for each in waking:
        each.wake()
    found.seconds = time.monotonic() - begun
    return found, acts


def _done(
    yard: Yard,
    what: Torment,
    act: str,
    name: str,
    found: Outcomes,
    acts: list[_Act],
    waking: list[_Waking],
    *,
    is_whole: bool,
) -> None:
    """Do it to a worker; a stop is of the worker alone, or (``is_whole``) of its jobs' processes too."""
    if act == "restart":
        yard.restart()
        found.restarts += 1
        return
    process = yard.workers[name]
    if process.poll() is not None:
        found.faults.append(f"worker {name} had ended by itself with {process.returncode}")
        yard.start(name, what.lease)
        return
    pids = [process.pid, *(_below(process.pid) if is_whole and act == "stop" else ())]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL if act == "kill" else signal.SIGSTOP)
    acts.append(_Act(datetime.now(UTC), _had_by(yard, name)))
    if act == "kill":
        process.wait()
        yard.start(name, what.lease)
        found.kills += 1
    else:
        waking.append(_Waking(time.monotonic() + what.stop_seconds, name, pids))
        found.stops += 1


def _open(yard: Yard, numbers: set[int]) -> set[int]:
    with yard.database.connect() as connection:
        rows = connection.execute(
            "SELECT id FROM steelyard.job WHERE id = ANY (%s) AND NOT state = ANY (%s)", ([*numbers], [*ENDED])
        ).fetchall()
    return {number for (number,) in rows}


def _had_by(yard: Yard, worker: str) -> list[tuple[int, int]]:
    with yard.database.connect() as connection:
        return connection.execute(
            "SELECT id, attempt FROM steelyard.job WHERE state = 'running' AND worker = %s", (worker,)
        ).fetchall()


def _judge(jobs: Jobs, numbers: list[int], acts: list[_Act], found: Outcomes) -> None:
    events = {number: jobs.events(number) for number in numbers}
    for number, happened in events.items():
        row = jobs.find(number)
        if row is None or row.state != "finished":
            found.faults.append(f"job {number} is {row and (row.state, row.reason)}")
            continue
        found.finished += 1
        found.attempts += row.attempt
        _check_events(number, happened, found)
    counted: set[tuple[int, int]] = set()
    for act in acts:
        # One that was started anew under the same name still has the old one's job until its lease runs out.
        for number, attempt in set(act.had) - counted:
            counted.add((number, attempt))
            later = [each.at for each in events[number] if each.state == "running" and each.attempt == attempt + 1]
            if later:
                found.taken_over.append((later[0] - act.at).total_seconds())


def _check_events(number: int, happened: tuple[JobEvent, ...], found: Outcomes) -> None:
    attempts = [each.attempt for each in happened]
    ends = [each for each in happened if each.state == "finished"]
    if attempts != sorted(attempts):
        found.faults.append(f"job {number}: an earlier attempt wrote after a later one: {attempts}")
    if len(ends) != 1 or happened[-1] is not ends[0]:
        found.faults.append(f"job {number}: finished {len(ends)} times")
    starts = [each.attempt for each in happened if each.state == "running" and not each.wanted]
    if starts != list(range(1, len(starts) + 1)):
        found.faults.append(f"job {number}: attempts {starts}")


def _check_rows(yard: Yard, numbers: list[int], calls: int, found: Outcomes) -> None:
    """Each job has a run of its own, whole, and there is no run that no job made."""
    with yard.database.connect() as connection:
        rows = connection.execute(
            "SELECT r.id, count(j.id), min(r.answers) FROM steelyard.run r "
            "LEFT JOIN steelyard.job j ON j.run_id = r.id "
            "WHERE r.pushed_by = (SELECT requested_by FROM steelyard.job WHERE id = %s) GROUP BY r.id",
            (numbers[0],),
        ).fetchall()
    if len(rows) != found.finished:
        found.faults.append(f"{len(rows)} runs of {found.finished} finished jobs")
    for run, made_by, answers in rows:
        if made_by != 1 or answers != calls:
            found.faults.append(f"run {run} is of {made_by} jobs, and has {answers} answers")
