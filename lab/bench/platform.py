"""How soon ``steelyard serve`` shows its first page, and what it takes while nobody asks: ``python -m bench.platform``.

Each start is of a real process over loopback, the embedded database included: on an empty folder (initdb and migrations
are in it), then on the same folder again. Memory is the resident set of the web process and the proportional set of
PostgreSQL's, processor time that of both over some idle seconds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from packages.server.tests.site import Site, data_folder, serving

TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5, help="starts of each kind")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds to stand idle")
    args = parser.parse_args()
    first, again = [], []
    for _ in range(args.starts):
        with data_folder() as data:
            first.append(seconds_to_first_page(data))
            again.append(seconds_to_first_page(data))
    print(f"first page, empty folder: {in_words(first)}")
    print(f"first page, same folder:  {in_words(again)}")
    with data_folder() as data, serving(data) as site:
        site.administrator().get("/")
        time.sleep(2)
        stand_idle(site, args.idle)


def seconds_to_first_page(data: Path) -> float:
    """From the start of the process to the first page in full."""
    begun = time.monotonic()
    with serving(data) as site:
        assert site.client().get("/sign-in").status == 200
        return time.monotonic() - begun


def stand_idle(site: Site, seconds: float) -> None:
    """Wait, and print what was taken."""
    web = site.process.pid
    before = used(web), used_below(web)
    time.sleep(seconds)
    after = used(web), used_below(web)
    database = [*children(web)]
    print(f"web, idle: {rss(web) / 1e6:.0f} MB resident, {100 * (after[0] - before[0]) / seconds:.2f} % of a core")
    taken = sum(map(proportional, database)) / 1e6
    print(
        f"PostgreSQL, idle: {taken:.0f} MB (proportional) in {len(database)} processes, "
        f"{100 * (after[1] - before[1]) / seconds:.2f} % of a core, over {seconds:.0f} s"
    )


def children(pid: int) -> Iterator[int]:
    """All processes below one."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            child = int(status.parent.name)
            yield child
            yield from children(child)


def used(pid: int) -> float:
    """Processor seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def used_below(pid: int) -> float:
    """Processor seconds of all processes below one, also of those that have ended meanwhile."""
    found = 0.0
    for child in children(pid):
        try:
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found += sum(map(int, fields[11:15])) / TICKS
    return found


def rss(pid: int) -> int:
    """Bytes of the resident set."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def proportional(pid: int) -> int:
    """Bytes of a process, shared pages by its share of them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def in_words(seconds: list[float]) -> str:
    """``median 3.1 s (2.9 to 3.6; n = 5)``."""
    low, high = min(seconds), max(seconds)
    return f"median {statistics.median(seconds):.1f} s ({low:.1f} to {high:.1f}; n = {len(seconds)})"


if __name__ == "__main__":
    main()
