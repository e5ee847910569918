"""Where the claims of a running job stand: intervals that hold at every look, and none that do not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from packages.server.tests.jobs.yard import questions
from steelyard.api.conduct import conduct
from steelyard.auditing.session import RunSession
from steelyard_server.jobs.asking import arguments_of, job_of
from steelyard_server.jobs.live import MOST_CLAIMS, live_claims
from steelyard_server.jobs.messages import LiveClaim, Setup
from steelyard_server.jobs.specification import AuditSpecification, RunSpecification
from testkit.fixtures import SumsServer

SHEET = "model: adder\nclaims:\n- task: sums\n  value: 50\n  protocol: {decoding: greedy}\n"


def watched(asked: AuditSpecification | RunSpecification, server: SumsServer, folder: Path) -> list[LiveClaim]:
    """What was said of the first pass of the only claim after each answer."""
    found: list[LiveClaim] = []

    def watch(session: RunSession) -> None:
        (claim, *_), left = live_claims(session)
        assert left == 0
        found.append(claim)

    setup = Setup(
        uri=f"openai:sums@{server.url}",
        data=str(folder),
        project="",
        project_id=1,
        job=1,
        attempt=1,
        lease_seconds=9,
        calls=2,
    )
    (folder / "in").mkdir()
    args = arguments_of(asked, setup, folder / "in", folder / "run")
    asyncio.run(conduct(job_of(asked, args, folder / "in"), args, None, watcher=watch))
    return found


def test_the_interval_of_a_sequential_test_closes_on_its_claim(tmp_path: Path, sums_server: SumsServer) -> None:
    asked = AuditSpecification(model="sums", sheet=SHEET, questions={"sums": questions(200)})
    found = watched(asked, sums_server, tmp_path)
    assert {each.rule for each in found} == {"test"}
    known = [each for each in found if each.low is not None and each.high is not None]
    assert all("50" in each.target for each in known)
    first, last = known[0], known[-1]
    assert (last.high or 0) - (last.low or 0) < (first.high or 0) - (first.low or 0)
    assert last.is_closed
    assert last.decision
    assert last.right is not None
    assert last.counted is not None
    assert 0 < last.right <= last.counted <= last.answered + 2


def test_what_is_measured_without_a_test_has_one_that_holds_at_every_look(
    tmp_path: Path, sums_server: SumsServer
) -> None:
    asked = RunSpecification(model="sums", questions={"sums": questions(40)})
    found = watched(asked, sums_server, tmp_path)
    assert {(each.rule, each.target, each.decision) for each in found} == {("measured", "", "")}
    whole = [each for each in found if each.counted == 40]
    before = [each for each in found if each.counted and each.counted < 40]
    assert whole or before
    for each in before:
        assert each.low is not None
        assert each.right is not None
        assert each.counted is not None
        assert each.low <= each.right / each.counted <= (each.high or 0)


def fixed(number: int, monitors: tuple[Any, ...] = ()) -> RunSession:
    """A session of measurements that a test of a fixed number of answers reads."""
    names = [f"m{each}" for each in range(number)]
    measurements = [
        SimpleNamespace(
            id=name,
            label=f"\x1b[1m{name}",
            planned=50,
            extra_calls=5,
            drawn="",
            role="subject",
            scorers=("s",),
        )
        for name in names
    ]
    plan = SimpleNamespace(
        measurements=measurements, models={"subject": None}, is_identity_check=False, readers_of=lambda _: ["a test"]
    )
    finders = SimpleNamespace(monitors_of=lambda _: monitors, is_held=lambda _: False, is_closed=lambda _: False)
    session: Any = SimpleNamespace(plan=plan, finders=finders, answered=dict.fromkeys(names, 7), tallies={})
    return session  # type: ignore[no-any-return]


def test_a_test_of_a_fixed_number_shows_nothing_before_its_end() -> None:
    (claim,), _ = live_claims(fixed(1))
    assert claim == LiveClaim(task=claim.task, rule="end", answered=7, planned=55), "no share, and no interval"
    assert "\x1b" not in claim.task


def test_so_many_claims_are_listed_and_the_others_are_counted() -> None:
    claims, left = live_claims(fixed(MOST_CLAIMS + 3))
    assert (len(claims), left) == (MOST_CLAIMS, 3)
