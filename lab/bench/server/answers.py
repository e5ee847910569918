"""A run of a million answers in the platform's pages: how long each page takes, and what the web process holds.

``python -m bench.server.answers [--answers N] [--requests N] [--folder FOLDER]`` makes a sealed run (ten tasks, ten
repeats, short texts), puts it and its row into a platform as if it had been accepted, has the index made by the first
page, and asks the real server over loopback, a new connection for each request.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from packages.server.tests.site import Client, Site, data_folder, run_page, serving
from steelyard.evidence.bundle import seal_bundle
from steelyard.evidence.canonical import canonical, canonical_in_full, sha256_hex
from steelyard.evidence.layout import BUNDLE, REPORT_PAGE, SCORES, digest_and_lines
from steelyard.planning.samples import Prepared
from steelyard.records import Attempt, GenerateRequest, Measurement, Outcome, Sample, SampleScore
from steelyard.storage.journal.lines import Session, Stop, new_header
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.storage.run_folder import RunFolder
from steelyard.util.compact import Digests
from steelyard_server.answers.keeping import index_names
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.runs.folders import folder_of
from steelyard_server.runs.rows import insert_run
from steelyard_server.runs.summary import RunSummary
from testkit.plans import measurement, plan

TASKS, REPEATS, SCORER = 10, 10, "answer@5"
OUTCOMES: tuple[tuple[Literal["scored", "open", "missing"], float | None], ...] = (
    ("scored", 1.0),
    ("scored", 0.0),
    ("open", None),
    ("missing", None),
    ("scored", 0.5),
)
WEIGHTS = (70, 27, 2, 0.9, 0.1)


def make_run(run: Path, number: int, *, seed: int = 18, report: bytes = b"") -> None:
    """Write a sealed run of so many answers, with some page as its report; nothing of it was asked."""
    population = number // TASKS // REPEATS
    asked = [
        measurement(
            id=f"{place:02}-task", task=f"task-{place}", scorers=(SCORER,), population=population, repeats=REPEATS
        )
        for place in range(TASKS)
    ]
    samples = {each.id: [_sample(each.id, place) for place in range(population)] for each in asked}
    prepared = {
        each.id: Prepared(
            measurement=each,
            samples=samples[each.id],
            digests=Digests(sha256_hex(canonical(sample)) for sample in samples[each.id]),
        )
        for each in asked
    }
    sealed = RunFolder.create(run, plan(*asked, texts="sealed"), prepared, None, None)
    with (run / SCORES).open("wb") as scores:
        journal, texts = Journal.create(run, new_header(plan=sealed.plan_sha256, software="0")), Texts(run)
        journal.append(Session(started_us=0, active_us=0, machine=""))
        drawn, seq = random.Random(seed), 2
        for each in asked:
            for position in range(population * REPEATS):
                sample = samples[each.id][position // REPEATS]
                score = _append(journal, texts, each, sample, position, drawn, seq)
                scores.write(canonical_in_full(score) + b"\n")
                seq += 1
        journal.append(Stop(reason="complete", active_us=1, at_us=1))
        journal.close()
        texts.close()
    if report:
        (run / REPORT_PAGE).write_bytes(report)
    seal_bundle(run, {"renderer": {}}, None)


def _sample(task: str, number: int) -> Sample:
    prompt = f"What is {number} + {number * 7 % 991}? Answer with the number alone."
    return Sample(id=f"{task}/row/{number}", request=GenerateRequest(prompt=prompt), target=str(number))


def _append(
    journal: Journal,
    texts: Texts,
    asked: Measurement,
    sample: Sample,
    position: int,
    drawn: random.Random,
    seq: int,
) -> SampleScore:
    (status, value), repeat = drawn.choices(OUTCOMES, WEIGHTS)[0], position % REPEATS
    answer = "" if status == "missing" else f"The answer is {sample.target if value == 1 else drawn.randrange(10**6)}."
    attempt = Attempt(
        measurement=asked.id, position=position, sample=sample.id, item=texts.add(canonical(sample).decode()),
        repeat=repeat, attempt=1, request=sha256_hex(canonical(sample.request)),
        outcome=Outcome.OK if answer else Outcome.TIMEOUT, final=True, answer=texts.add(answer),
        started_us=position, elapsed_us=800_000,
    )  # fmt: skip
    journal.append(attempt)
    return SampleScore(
        measurement=asked.id, position=position, sample=sample.id, repeat=repeat, status=status, value=value,
        scorer=SCORER, service="answered" if answer else "failed", seq=seq,
    )  # fmt: skip


def accept(site: Site, run: Path) -> str:
    """Put the run where accepted ones lie, with its row."""
    seal = digest_and_lines(run, BUNDLE)[0]
    data = open_data_folder(site.data, create=False)
    place = folder_of(data, seal)
    place.parent.mkdir(parents=True, mode=0o700)
    shutil.move(run, place)
    summary = RunSummary(
        seal=seal, root="", plan="", kind="run", subject="bench", served="bench", planned_at="", made_with="0",
        verdict="", headline="", exit=0, records=0, answers=0, verified_exit=0, verified_with="0",
        pages_compared=False, said=(), size=0,
    )  # fmt: skip
    with open_database(data, environment={}, beside=True) as database, database.connect_as_owner() as connection:
        row = connection.execute("SELECT id FROM steelyard.project WHERE name = 'default'").fetchone()
        assert row is not None
        insert_run(connection, summary, 1, None, row[0], "default")
    return seal


def timed(name: str, client: Client, address: Callable[[], str], requests: int) -> None:
    """Print the median and the 95th percentile of so many requests."""
    took = []
    for _ in range(requests):
        path = address()
        begun = time.perf_counter()
        reply = client.get(path)
        took.append((time.perf_counter() - begun) * 1000)
        assert reply.status == 200, (path, reply.status)
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"{name}: p50 {statistics.median(took):.0f} ms, p95 {p95:.0f} ms, longest {max(took):.0f} ms", flush=True)


def measure(site: Site, client: Client, seal: str, answers: int, requests: int) -> None:
    """Have the index made, then ask for each kind of page."""
    begun = time.perf_counter()
    while client.get(run_page(seal, "/answers")).status == 202:
        time.sleep(0.5)
    path = site.data.joinpath(*index_names(seal))
    print(f"the index: {time.perf_counter() - begun:.0f} s, {path.stat().st_size / 1e6:.0f} MB", flush=True)
    drawn = random.Random(18)

    def anywhere() -> int:
        return drawn.randrange(1, answers)

    def one_of(task: str = "00-task") -> str:
        return f"{task}%2Frow%2F{drawn.randrange(answers // TASKS // REPEATS)}"

    Path(f"/proc/{site.process.pid}/clear_refs").write_text("5")  # so that the largest is that of pages, not of sign-in
    print(f"web process before: {memory(site)}; n = {requests} each", flush=True)
    for name, address in (
        ("first page", lambda: ""),
        ("any later page", lambda: f"?after={anywhere()}"),
        ("the last page", lambda: f"?before={answers + 1}"),
        ("one task, first page", lambda: "?measurement=05-task"),
        ("wrong, any later page", lambda: f"?outcome=wrong&after={anywhere()}"),
        ("open, any later page", lambda: f"?outcome=open&after={anywhere()}"),
        ("partly right, any later page", lambda: f"?outcome=partly&after={anywhere()}"),
        ("one task and missing, any later page", lambda: f"?measurement=05-task&outcome=missing&after={anywhere()}"),
        ("taken as sealed", lambda: "?taken=yes"),
        ("one sample", lambda: f"?sample={one_of()}"),
        ("one answer", lambda: f"/{anywhere()}"),
        ("one answer among the wrong", lambda: f"/{anywhere()}?outcome=wrong"),
    ):
        timed(name, client, lambda address=address: run_page(seal, "/answers" + address()), requests)  # type: ignore[misc]
    timed("the run's page", client, lambda: run_page(seal), requests)
    print(f"web process after: {memory(site)}")


def memory(site: Site) -> str:
    """The resident set of the web process, now and at its largest."""
    lines = Path(f"/proc/{site.process.pid}/status").read_text().splitlines()
    found = {name: int(line.split()[1]) / 1024 for line in lines for name in ("VmRSS", "VmHWM") if name in line}
    return f"{found['VmRSS']:.0f} MB resident, {found['VmHWM']:.0f} MB at most"


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--folder", help="Where the run is made (default: the folder for temporary files).")
    args = parser.parse_args()
    above = Path(tempfile.mkdtemp(prefix="steelyard-bench-", dir=args.folder))
    try:
        begun = time.perf_counter()
        make_run(above / "run", args.answers)
        size = sum(file.stat().st_size for file in (above / "run").rglob("*") if file.is_file())
        print(
            f"{args.answers:,} answers, {size / 1e6:,.0f} MB, made in {time.perf_counter() - begun:.0f} s", flush=True
        )
        with data_folder() as data, serving(data) as site:
            client = site.administrator()
            seal = accept(site, above / "run")
            measure(site, client, seal, args.answers, args.requests)
            print(f"load {os.getloadavg()[0]:.1f}")
    finally:
        shutil.rmtree(above)


if __name__ == "__main__":
    main()
