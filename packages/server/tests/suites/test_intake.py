"""Bringing a suite over loopback: what is taken, what is refused, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from packages.server.tests.access.folk import FACTS
from packages.server.tests.site import Site
from packages.server.tests.suites.yard import TAR, archive, bring, make_suite
from steelyard_server.access.callers import Caller, Membership, Role
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.push.intake import BusyError
from steelyard_server.suites.intake import SuiteIntake
from steelyard_server.suites.rows import Suites

FILES = {"suite.yaml": b"suite: s\n", "samples.jsonl": b'{"id":"a","question":"?","answer":"a"}\n'}


def tar_of(files: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for entry in more:
            tar.addfile(entry)
    return gzip.compress(out.getvalue())


def link(name: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return entry


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "cut off"),
        (b"no archive", "not gzip"),
        (tar_of({**FILES, "../x": b""}), "a file that no suite has"),
        (tar_of({**FILES, "/etc/x": b""}), "a file that no suite has"),
        (tar_of({**FILES, "a/b/c": b""}), "a file that no suite has"),
        (tar_of({**FILES, "keys/a.age": b""}), "a file that no suite has"),
        (tar_of(FILES, link("templates")), "not a regular file"),
        (tar_of({**FILES, "templates": b"x", "templates/a.j2": b"x"}), "twice"),
        (tar_of({**FILES, **{f"templates/{number}": b"" for number in range(3_000)}}), "more than 3,000 files"),
        (tar_of({**FILES, "templates/big": bytes(33 << 20)}), "is larger than"),
        (tar_of({"samples.jsonl": FILES["samples.jsonl"]}), "there is no suite.yaml"),
        (tar_of({"suite.yaml": FILES["suite.yaml"]}), "samples.jsonl: there is no such file"),
        (tar_of({"suite.yaml": b"suite: s\n", "samples.vault.jsonl": b"{}\n"}), "samples.vault.jsonl"),
    ],
)
def test_what_is_no_suite_is_refused_in_one_line_and_leaves_nothing(site: Site, body: bytes, words: str) -> None:
    reply = site.with_token("suite").ask("POST", "/api/v1/suites", body, TAR)
    assert (reply.status, reply.text.count("\n")) == (400, 1)
    assert words in json.loads(reply.text)["detail"]
    assert str(site.data) not in reply.text
    assert [*(site.data / "incoming").iterdir()] == []


def test_why_a_suite_was_refused_is_not_in_the_audit_log(site: Site) -> None:
    rows = b'{"id":"a","question":"?","answer":"the secret answer","choices":["a","b"]}\n'
    reply = site.with_token("suite").ask("POST", "/api/v1/suites", tar_of({**FILES, "samples.jsonl": rows}), TAR)
    assert "the secret answer" in reply.text, "who brought it may know"
    log = site.administrator().get("/admin/audit").text
    assert "push-suite-refused" in log
    assert "the secret answer" not in log


def test_a_suite_is_brought_once(site: Site, tmp_path: Path) -> None:
    folder = make_suite(tmp_path / "s", "brought-once")
    first, again = bring(site, folder), bring(site, folder)
    assert (first.status, again.status) == (201, 200)
    found = json.loads(again.text)
    assert (found["name"], found["items"], found["new"]) == ("brought-once", 3, False)
    assert found["url"] == f"{site.base}/p/default/suites/brought-once"
    assert not [*(site.data / "incoming").iterdir()]


def test_no_more_than_two_come_at_once(database: Database, tmp_path: Path) -> None:
    data = open_data_folder(tmp_path / "data")
    caller = Caller(person=1, token=1, memberships=(Membership(1, "default", Role.EDITOR),))

    async def never() -> AsyncIterator[bytes]:
        await asyncio.sleep(3600)
        yield b""

    async def come(intake: SuiteIntake) -> None:
        await intake.take(never(), compressed=True, caller=caller, facts=FACTS, may_still=lambda: True)

    async def crowd(intake: SuiteIntake) -> None:
        waiting = [asyncio.create_task(come(intake)) for _ in range(2)]
        await asyncio.sleep(0.2)
        with pytest.raises(BusyError, match="too many suites"):
            await come(intake)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    with database.pool(2) as pool:
        asyncio.run(crowd(SuiteIntake(data, Suites(pool))))
    assert [*data.incoming.iterdir()] == []


def test_what_ended_meanwhile_brings_nothing(site: Site, tmp_path: Path) -> None:
    """The role is looked at once more after the suite was read, which takes a while."""
    from steelyard.errors import InputError
    from steelyard_server.database.connection import open_database

    site.token()
    data = open_data_folder(site.data, create=False)
    caller = Caller(person=1, token=1, memberships=(Membership(1, "default", Role.EDITOR),))

    async def pieces() -> AsyncIterator[bytes]:
        yield archive(make_suite(tmp_path / "s", "too-late"))

    with open_database(data, beside=True) as database, database.pool(2) as pool:
        suites = Suites(pool)
        taking = SuiteIntake(data, suites).take(
            pieces(), compressed=True, caller=caller, facts=FACTS, may_still=lambda: False
        )
        with pytest.raises(InputError, match="ended while the suite was read"):
            asyncio.run(taking)
        assert suites.current(1, "too-late") is None
