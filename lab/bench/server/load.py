"""All pages of the platform under load: how long each takes, which statements are slow, what the web process holds.

``python -m bench.server.load [--minutes M] [--rate R] [--runs N] [--data FOLDER]`` fills a platform (``filled.py``),
starts the real server, and sends requests at a steady rate, whatever is still waiting, mixed over all pages: they are
the routes, so that a new page is in it. A time is from when a request was due to the last byte of its answer. With
``--data`` the folder is filled once, kept, and used again.
"""

from __future__ import annotations

import argparse
import http.client
import os
import queue
import random
import re
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bench.platform import used, used_below
from bench.server.answers import memory
from bench.server.filled import COMPARED, SUITE, Sizes, fill_platform
from packages.server.tests.site import Client, Site, data_folder, serving
from steelyard_server.app import RULES
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.database.passwords import SUPERUSER, parameters, read_passwords

# What is asked with GET and is no page, but a download, or another server's.
NO_PAGES = {
    "/p/{project}/runs/{seal}/archive", "/p/{project}/runs/{seal}/files/{name:path}",
    "/p/{project}/suites/{name}/archive", "/p/{project}/suites/{name}/review",
    "/p/{project}/suites/{name}/labels/{set:int}/mine", "/metrics", "/static/{name}", "/sign-in/provider",
    "/sign-in/callback", "/sign-out/provider",
}  # fmt: skip
PAGES = [rule.path for rule in RULES if rule.method == "GET" and not rule.is_for_programs and rule.path not in NO_PAGES]
THREADS = 32
LOGGED_MS, SLOW_MS = 20, 50
_DURATION = re.compile(r"LOG:  duration: ([0-9.]+) ms  (\w+)[^:]*: (.*)")


@dataclass(frozen=True)
class Stock:
    """What there is to ask for."""

    runs: tuple[tuple[str, str, int], ...]  # project, seal, number
    compared: tuple[str, ...]  # seals of the first project that can be compared
    answers: int
    items: int
    jobs: tuple[int, ...]
    people: int
    webhooks: tuple[int, ...]
    endpoints: int
    labels: int
    lines: int  # of the audit log
    share: str


def addresses(pattern: str, stock: Stock, drawn: random.Random) -> str:
    """An address of a page; raises KeyError for a part of the pattern of which nothing is known here."""
    project, seal, run = drawn.choice(stock.runs)
    if "{seal}" not in pattern and pattern.count("{") > 1:
        project = "default"  # what else there is, is there
    number = stock.items if "/items/" in pattern else min(stock.answers, 1_000)
    parts = {
        "project": project, "seal": seal, "name": SUITE, "number:int": drawn.randint(1, number),
        "set:int": stock.labels, "job:int": drawn.choice(stock.jobs), "webhook:int": drawn.choice(stock.webhooks),
        "endpoint:int": drawn.randint(1, stock.endpoints), "person:int": drawn.randint(1, stock.people),
        "secret": stock.share,
    }  # fmt: skip
    more = {
        "/p/{project}/runs": ["", f"?before={run}", "?verdict=inconsistent", "?kind=gate", "?subject=vendor-1/model-1"],
        "/p/{project}/models": ["", "?after=vendor-4"],
        "/p/{project}/compare": ["", "?run="],
        "/p/{project}/jobs": ["", f"?before={drawn.choice(stock.jobs)}"],
        "/p/{project}/watch": ["", f"?before={drawn.choice(stock.jobs)}"],
        "/p/{project}/runs/{seal}/answers": ["", f"?after={drawn.randint(1, stock.answers)}", "?outcome=wrong"],
        "/p/{project}/suites/{name}": ["", f"?from={drawn.randint(1, stock.items)}"],
        "/admin/audit": ["", f"?before={drawn.randint(100, stock.lines)}"],
    }  # fmt: skip
    query = drawn.choice(more.get(pattern, [""]))
    if "run=" in query:
        return _comparison(stock.compared)
    return re.sub(r"\{([^}]+)\}", lambda found: str(parts[found[1]]), pattern) + query


@dataclass
class Results:
    """What came back: milliseconds of each page, and statuses that are no success."""

    took: dict[str, list[float]] = field(default_factory=dict)
    others: Counter[tuple[str, int]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, pattern: str, status: int, seconds: float) -> None:
        with self.lock:
            self.took.setdefault(pattern, []).append(seconds * 1000)
            if status >= 300:
                self.others[pattern, status] += 1


def send(site: Site, client: Client, stock: Stock, rate: float, seconds: float) -> Results:
    """Ask at this rate for so long, and wait for the last answers."""
    results, due = Results(), queue.Queue[tuple[float, str] | None]()
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    threads = [threading.Thread(target=_ask, args=(site.base, cookie, stock, due, results, n)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    drawn, begun = random.Random(18), time.perf_counter()
    for number in range(int(rate * seconds)):
        at = begun + number / rate
        time.sleep(max(0.0, at - time.perf_counter()))
        due.put((at, drawn.choice(PAGES)))
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return results


def _ask(
    base: str, cookie: str, stock: Stock, due: queue.Queue[tuple[float, str] | None], results: Results, number: int
) -> None:
    drawn, connection = random.Random(number), http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
    while (found := due.get()) is not None:
        at, pattern = found
        try:
            connection.request("GET", addresses(pattern, stock, drawn), headers={"Cookie": cookie})
            reply = connection.getresponse()
            reply.read()
            status = reply.status
        except (OSError, http.client.HTTPException):
            connection.close()
            status = 599
        results.add(pattern, status, time.perf_counter() - at)
    connection.close()


def report(results: Results) -> None:
    """A line for each page, the slowest first, and one for all."""
    everything = [each for took in results.took.values() for each in took]
    for pattern, took in sorted(results.took.items(), key=lambda item: -_p95(item[1])):
        print(f"{pattern}: {_in_words(took)}")
    print(f"ALL PAGES: {_in_words(everything)}")
    for (pattern, status), count in sorted(results.others.items()):
        print(f"status {status}: {pattern}, {count} times")


def _in_words(took: list[float]) -> str:
    return f"p50 {statistics.median(took):.0f} ms, p95 {_p95(took):.0f}, worst {max(took):.0f}, n = {len(took):,}"


def _p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20, method="inclusive")[-1] if len(took) > 1 else took[0]


@dataclass(frozen=True)
class SlowStatements:
    """The statements that PostgreSQL's own log has from a byte on."""

    log: Path
    begin: int

    @classmethod
    def logged(cls, data: DataFolder, least_ms: int = LOGGED_MS) -> SlowStatements:
        """From now on, those of a database that runs on this data folder; with 0, all of them."""
        import psycopg

        password = read_passwords(data).superuser
        with psycopg.connect(**parameters(data, SUPERUSER, password, "postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET log_min_duration_statement = {least_ms}".encode())
            connection.execute("SELECT pg_reload_conf()")
        time.sleep(1)
        return cls(data.log, data.log.stat().st_size)

    def found(self) -> Iterator[tuple[float, str]]:
        """Milliseconds and text of each that was logged: a prepared one is bound, and then executed."""
        for took, _, text in self._lines():
            yield took, text

    def round_trips(self) -> int:
        """How many of them waited for an answer: BEGIN, COMMIT and the question whether somebody lives among them."""
        return sum(kind in ("statement", "execute") for _, kind, _ in self._lines())

    def _lines(self) -> Iterator[tuple[float, str, str]]:
        with self.log.open(errors="replace") as log:
            log.seek(self.begin)
            text = log.read().replace("\n\t", " ")
        for line in text.splitlines():
            if found := _DURATION.search(line):
                yield float(found[1]), found[2], " ".join(found[3].split())

    def report(self) -> None:
        """How many, and the longest of each text."""
        found = [*self.found()]
        slow = sum(took > SLOW_MS for took, _ in found)
        print(f"statements over {SLOW_MS} ms: {slow}, over {LOGGED_MS} ms: {len(found)}")
        by_text: dict[str, list[float]] = {}
        for took, text in found:
            by_text.setdefault(text[:200], []).append(took)
        for text, times in sorted(by_text.items(), key=lambda item: -max(item[1]))[:15]:
            print(f"  {max(times):.0f} ms at most, {len(times)} times: {text}")


def _comparison(seals: Sequence[str]) -> str:
    return "/p/default/compare?" + "&".join(f"run={each}" for each in seals)


def prepare(site: Site, client: Client, sizes: Sizes) -> Stock:
    """What there is, with a share link, and a comparison that has been computed once."""
    data, asked = open_data_folder(site.data, create=False), [name for name, *_ in COMPARED]
    with open_database(data, environment={}, beside=True) as database, database.connect_as_owner() as connection:
        runs = connection.execute(
            "SELECT j.name, r.seal_sha256, r.id FROM steelyard.run r JOIN steelyard.project j ON j.id = r.project_id "
            "WHERE r.subject <> ALL (%s) ORDER BY r.id",
            (asked,),
        ).fetchall()
        (compared,), jobs, hooks, (counts,) = (
            connection.execute(query.encode(), values).fetchall()
            for query, values in (
                ("SELECT array_agg(seal_sha256::text) FROM steelyard.run WHERE subject = ANY (%s)", (asked,)),
                ("SELECT id FROM steelyard.job ORDER BY id", ()),
                ("SELECT id FROM steelyard.webhook ORDER BY id", ()),
                (
                    "SELECT (SELECT max(id) FROM steelyard.person), (SELECT max(id) FROM steelyard.endpoint), "
                    "(SELECT max(id) FROM steelyard.label_set), (SELECT max(sequence) FROM steelyard.audit)",
                    (),
                ),
            )
        )
    page = f"/p/default/runs/{compared[0][0]}"
    while (found := client.get(_comparison(compared[0]))).status == 202:
        time.sleep(1)
    assert found.status == 200, found.text
    share = re.search(
        r"/shared/([A-Za-z0-9_-]{43})", client.submit(page, f"{page}/shares", label="bench", days="7").text
    )
    assert share is not None
    return Stock(
        runs=tuple(runs), compared=tuple(compared[0]),
        answers=sizes.answers, items=sizes.items, jobs=tuple(job for (job,) in jobs), people=counts[0],
        endpoints=counts[1], labels=counts[2], lines=counts[3], webhooks=tuple(hook for (hook,) in hooks),
        share=share[1],
    )  # fmt: skip


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--runs", type=int, default=Sizes.runs)
    parser.add_argument("--items", type=int, default=Sizes.items, help="of the largest suite")
    parser.add_argument("--jobs", type=int, default=Sizes.jobs)
    parser.add_argument("--data", type=Path, help="a data folder that is filled once, kept and used again")
    args = parser.parse_args()
    sizes = Sizes(runs=args.runs, items=args.items, jobs=args.jobs, decisions=args.items // 4)
    with ExitStack() as stack:
        data = args.data or stack.enter_context(data_folder())
        is_filled = (data / "postgres").exists()
        site = stack.enter_context(serving(data))
        site.is_new = not is_filled
        client = site.administrator()
        if not is_filled:
            begun = time.perf_counter()
            work = stack.enter_context(tempfile.TemporaryDirectory(dir=data.parent))
            fill_platform(site, Path(work), sizes)
            print(f"filled in {time.perf_counter() - begun:.0f} s: {sizes}", flush=True)
        stock = prepare(site, client, sizes)
        slow = SlowStatements.logged(open_data_folder(data, create=False))
        Path(f"/proc/{site.process.pid}/clear_refs").write_text("5")  # so that the largest is that of pages
        print(f"web process before: {memory(site)}", flush=True)
        before = used(site.process.pid), used_below(site.process.pid)
        results = send(site, client, stock, args.rate, 60 * args.minutes)
        after = used(site.process.pid), used_below(site.process.pid)
        report(results)
        slow.report()
        shares = [100 * (late - early) / (60 * args.minutes) for early, late in zip(before, after, strict=True)]
        print(f"web process after: {memory(site)}; {shares[0]:.0f} % of a core, PostgreSQL {shares[1]:.0f} %")
        print(f"{args.rate:g} requests a second over {args.minutes:g} min; load {os.getloadavg()[1]:.1f} (5 min)")


if __name__ == "__main__":
    main()
