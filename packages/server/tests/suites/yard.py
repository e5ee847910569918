"""Suites as people make them, brought to a real platform and into a real database."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

from packages.server.tests.access.folk import FACTS, Folk
from packages.server.tests.site import Client, Reply, Site
from steelyard.tasks.suite_task import task_from_suite
from steelyard_server.access.callers import Caller
from steelyard_server.archive import packed
from steelyard_server.suites.content import SUITE_FILES, suite_files
from steelyard_server.suites.rows import NewVersion, SuiteFile, SuiteRow, Suites
from steelyard_server.suites.summary import item_lines, suite_summary
from testkit.suite_files import suite_at

HOSTILE = "<script>alert(1)</script> {{7*7}} \u202eevil"
TAR = {"Content-Type": "application/x-tar", "Content-Encoding": "gzip"}


def make_suite(folder: Path, name: str = "helpdesk", items: int = 3, more: str = "", about: str = "") -> Path:
    """A suite of questions with an answer and a tag each."""
    rows = [
        {
            "id": f"q{number}",
            "question": f"Who mends pump {number}? {about}",
            "answer": f"team {number}",
            "tags": ["pumps"],
        }
        for number in range(1, items + 1)
    ]
    return suite_at(folder, f"suite: {name}\n{more}", "".join(json.dumps(row) + "\n" for row in rows))


def archive(folder: Path) -> bytes:
    return b"".join(packed(folder, suite_files(folder), SUITE_FILES))


def bring(site: Site, folder: Path, client: Client | None = None, project: str = "default") -> Reply:
    """Bring a suite with a token of an editor's."""
    return site.with_token("suite", project, client).ask("POST", "/api/v1/suites", archive(folder), TAR)


def sha_on(page: str) -> str:
    """The digest of the item that a page shows."""
    found = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)
    assert found is not None, page
    return found[1]


def decide(client: Client, path: str, **fields: str) -> Reply:
    """Send the form of an item's page."""
    return client.submit(path, path, sha256=sha_on(client.get(path).text), **fields)


def version_of(folder: Path, made_of: int = 0, reviewed_to: int = 0) -> NewVersion:
    """What the process that reads a suite gives of it."""
    suite = task_from_suite(folder, to_ask=False)
    files = [
        SuiteFile(name, hashlib.sha256((folder / name).read_bytes()).hexdigest(), (folder / name).read_bytes())
        for name in suite_files(folder)
    ]
    return NewVersion(
        summary=suite_summary(suite), files=tuple(files), items=tuple(item_lines(suite)), made_of=made_of,
        reviewed_to=reviewed_to,
    )  # fmt: skip


def caller_of(folk: Folk) -> Caller:
    """A new person, signed in."""
    return folk.caller(folk.add(f"editor {os.urandom(6).hex()}"))


def add_suite(folk: Folk, folder: Path, caller: Caller, name: str = "") -> SuiteRow:
    """The suite in the database; its name is its own, since tests share that."""
    row, _ = Suites(folk.pool).add(1, version_of(make_suite(folder, name or f"s-{os.urandom(6).hex()}")), caller, FACTS)
    return row
