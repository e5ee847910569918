"""Taking in runs: bounds of how many at once, on a real folder and database."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from packages.server.tests.site import GOLDEN, Site, pushed, run_page
from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.archive import Limits, packed
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.http.facts import RequestFacts
from steelyard_server.metrics import Metrics
from steelyard_server.push.intake import AT_ONCE, AT_ONCE_OF_TOKEN, BusyError, Intake
from steelyard_server.runs.rows import Runs

CALLER = Caller(
    person=1,
    name="ada",
    token=1,
    scopes=frozenset({"push"}),
    memberships=(Membership(1, "default", Role.RUNNER),),
)


def always() -> bool:
    return True


@pytest.fixture
def intake(site: Site) -> Iterator[Intake]:
    site.token()
    data = open_data_folder(site.data, create=False)
    with open_database(data, beside=True) as database, database.pool(2) as pool:
        yield Intake(data, Runs(pool), Metrics(), Limits(size=100_000))


def test_what_is_too_large_is_refused_before_the_rest_comes(intake: Intake) -> None:
    came = []

    async def pieces() -> AsyncIterator[bytes]:
        for piece in packed(GOLDEN):
            came.append(len(piece))
            yield piece

    async def take() -> None:
        await intake.take(pieces(), compressed=True, caller=CALLER, facts=RequestFacts("1"), may_still=always)

    with pytest.raises(InputError, match="more than 0 MB"):
        asyncio.run(take())


async def never() -> AsyncIterator[bytes]:
    await asyncio.sleep(3600)
    yield b""


async def no_archive() -> AsyncIterator[bytes]:
    yield b"no archive"


async def take_from(intake: Intake, pieces: AsyncIterator[bytes], token: int) -> None:
    caller = replace(CALLER, token=token)
    await intake.take(pieces, compressed=True, caller=caller, facts=RequestFacts("1"), may_still=always)


async def filled(intake: Intake, tokens: list[int]) -> list[asyncio.Task[None]]:
    """Pushes that stand still, one for each of these tokens."""
    waiting = [asyncio.create_task(take_from(intake, never(), token)) for token in tokens]
    await asyncio.sleep(0.1)
    return waiting


def test_only_a_few_are_received_at_once(intake: Intake) -> None:
    async def many() -> None:
        waiting = await filled(intake, [number // AT_ONCE_OF_TOKEN for number in range(AT_ONCE)])
        with pytest.raises(BusyError, match="too many"):
            await take_from(intake, never(), 99)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        with pytest.raises(InputError):  # there is room again
            await take_from(intake, no_archive(), 1)

    asyncio.run(many())


def test_one_token_leaves_places_for_others(intake: Intake) -> None:
    async def many() -> None:
        waiting = await filled(intake, [7] * AT_ONCE_OF_TOKEN)
        with pytest.raises(BusyError, match="this token"):
            await take_from(intake, never(), 7)
        with pytest.raises(InputError, match="not gzip"):  # that of another token is looked at
            await take_from(intake, no_archive(), 8)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(many())


def test_what_does_not_come_to_its_end_in_time_is_refused_and_put_on_record(intake: Intake, site: Site) -> None:
    short = Intake(intake._data, intake._runs, Metrics(), receive_seconds=0.2)
    with pytest.raises(InputError, match="was not here after"):
        asyncio.run(take_from(short, never(), 1))
    assert "was not here after" in site.administrator().get("/admin/audit").text
    assert [*intake._data.incoming.iterdir()] == []


def test_a_token_that_ended_while_its_run_was_verified_brings_nothing_in(intake: Intake) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in packed(GOLDEN):
            yield piece

    async def take() -> None:
        await whole.take(pieces(), compressed=True, caller=caller, facts=RequestFacts("1"), may_still=lambda: False)

    caller = replace(CALLER, memberships=(Membership(10**9, "none", Role.RUNNER),))  # where the run is not yet
    whole = Intake(intake._data, intake._runs, Metrics())
    with pytest.raises(InputError, match="ended while the run was verified"):
        asyncio.run(take())


def test_a_run_whose_folder_is_gone_comes_back_with_the_same_files(site: Site) -> None:
    site.project("again")
    client = site.administrator()
    row = run_page(pushed(site, project="again"), project="again")
    (folder,) = {path.parent for path in site.data.glob("runs/??/*/plan.dsse.json")} - folders_of_others(site, "again")
    shutil.rmtree(folder)
    assert client.get(f"{row}/archive").status == 410
    other = list(packed(GOLDEN, [name for name in layout.run_files(GOLDEN) if name != "report.md"]))
    headers = {"Content-Type": "application/x-tar", "Content-Encoding": "gzip"}
    refused = site.with_token(project="again").ask("POST", "/api/v1/runs", b"".join(other), headers)
    assert (refused.status, "report.md: is missing, and was there" in refused.text) == (422, True)
    assert not folder.exists()
    pushed(site, project="again")
    assert [*layout.run_files(folder)] == [*layout.run_files(GOLDEN)]
    assert client.get(f"{row}/archive").status == 200


def folders_of_others(site: Site, project: str) -> set[Path]:
    """The folders of runs of the other projects."""
    with open_database(open_data_folder(site.data, create=False), beside=True) as database, database.connect() as found:
        rows = found.execute(
            "SELECT coalesce(r.folder, r.seal_sha256) FROM steelyard.run r JOIN steelyard.project p "
            "ON p.id = r.project_id WHERE p.name <> %s",
            (project,),
        ).fetchall()
    return {site.data / "runs" / key[:2] / key for (key,) in rows}
