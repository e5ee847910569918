"""Jobs while workers are killed and stopped and the database is restarted; and what an idle worker takes.

``python -m bench.server.jobs`` runs real jobs on real workers over an endpoint on loopback, kills (SIGKILL) and stops
(SIGSTOP) them at seeded random moments, ends the database at once in between, and prints what became of the jobs; exit
code 1 where anything is lost, finished twice or stuck. ``--help`` has the numbers. ``--idle SECONDS`` instead lets
``steelyard serve`` and ``steelyard worker`` stand with nothing to do.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.platform import children, rss
from bench.server.database import cpu_seconds
from packages.server.tests.databases import open_folder, started
from packages.server.tests.jobs.kills import Outcomes, Torment, torment
from packages.server.tests.jobs.yard import opened
from packages.server.tests.site import data_folder, environment, serving
from testkit.fixtures import SumsServer

CALL_SECONDS = 0.3  # so that some are in flight when a worker is killed


def main() -> int:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--calls", type=int, default=4, help="of each job, two at a time")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--stops", type=int, default=5)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--lease", type=float, default=10.0, help="seconds")
    parser.add_argument("--stop", type=float, default=60.0, help="seconds that a worker is stopped for")
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument(
        "--longest", type=float, default=3600.0, help="seconds until jobs that have not ended are stuck"
    )
    parser.add_argument("--idle", type=float, default=0.0, help="seconds to stand idle, and nothing else")
    args = parser.parse_args()
    if args.idle:
        return idle(args.idle)
    what = Torment(
        jobs=args.jobs,
        calls=args.calls,
        kills=args.kills,
        stops=args.stops,
        restarts=args.restarts,
        seed=args.seed,
        lease=args.lease,
        stop_seconds=args.stop,
        longest_seconds=args.longest,
    )
    with open_folder() as path, SumsServer() as server:
        with started(path):
            pass
        server.seconds = lambda _: CALL_SECONDS
        with opened(path) as yard:
            found = torment(yard, server, what, lambda line: print(line, flush=True))
    return report(what, found)


def report(what: Torment, found: Outcomes) -> int:
    """Say what became of it."""
    print(
        f"{what.jobs} jobs of {what.calls} calls on {what.workers} workers, lease {what.lease:g} s: "
        f"{found.kills} SIGKILLs, {found.stops} SIGSTOPs of {what.stop_seconds:g} s, "
        f"{found.restarts} immediate restarts of the database, seed {what.seed}"
    )
    print(
        f"{found.finished} finished in {found.attempts} attempts, after {found.seconds:.0f} s; {found.refused} refused"
    )
    if found.taken_over:
        print(
            f"taken over after a median of {statistics.median(found.taken_over):.1f} s, at most "
            f"{max(found.taken_over):.1f} s (n = {len(found.taken_over)})"
        )
    print(f"calls asked again: {found.asked_again} of {what.jobs * what.calls}")
    print(f"faults: {len(found.faults)}")
    for fault in found.faults:
        print(f"  {fault}")
    return 1 if found.faults else 0


def idle(seconds: float) -> int:
    """Web process, worker and PostgreSQL with nothing to do."""
    with data_folder() as data, serving(data) as site:
        command = [sys.executable, "-m", "steelyard", "worker", "--data", str(data), "--name", "idle"]
        with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as worker:
            site.administrator().get("/")
            time.sleep(5)
            web, database = site.process.pid, [*children(site.process.pid)]
            before = own_seconds(web), cpu_seconds(worker.pid), sum(map(own_seconds, database))
            time.sleep(seconds)
            after = own_seconds(web), cpu_seconds(worker.pid), sum(map(own_seconds, database))
            shares = [100 * (late - early) / seconds for early, late in zip(before, after, strict=True)]
            sizes = rss(web) / 1e6, rss(worker.pid) / 1e6
            worker.terminate()
    print(f"idle over {seconds:.0f} s: web {sizes[0]:.0f} MB, worker {sizes[1]:.0f} MB, together {sum(sizes):.0f} MB")
    print(
        f"idle: web {shares[0]:.2f} % of a core, worker {shares[1]:.2f} %, together {sum(shares[:2]):.2f} %; "
        f"PostgreSQL {shares[2]:.2f} %"
    )
    return 0


def own_seconds(pid: int) -> float:
    """Processor seconds of one process, to the nanosecond."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


if __name__ == "__main__":
    sys.exit(main())
