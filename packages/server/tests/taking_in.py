"""Runs taken in without the server: what it does with a push, where each run is verified once for all tests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from steelyard.evidence import layout
from steelyard_server.access.tokens import Tokens
from steelyard_server.archive import packed
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.http.facts import RequestFacts
from steelyard_server.metrics import Metrics
from steelyard_server.push.intake import Intake
from steelyard_server.push.verifying import Verifier
from steelyard_server.runs.rows import Runs
from steelyard_server.runs.summary import RunSummary


class RememberingVerifier(Verifier):
    """Verifies a run in a process of its own, as the server does, and remembers what that gave for these very files."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, tuple[RunSummary, bytes | None]] = {}

    def verify(self, folder: Path, index: Path | None = None) -> RunSummary:
        assert index is not None
        content = hashlib.sha256()
        for name in sorted(layout.run_files(folder)):
            content.update(f"{name} {layout.digest_and_lines(folder, name)[0]}\n".encode())
        key = content.hexdigest()
        if key not in self._known:
            run = super().verify(folder, index)
            self._known[key] = run, index.read_bytes() if index.exists() else None
        run, made = self._known[key]
        if made is not None:
            index.write_bytes(made)
        return run


VERIFIER = RememberingVerifier()


def take_in(folder: Path, run: Path, token: str) -> str:
    """Take a run into the data folder of a server that runs, for the holder of a token that may push; its seal."""

    async def pieces() -> AsyncIterator[bytes]:
        for piece in packed(run):
            yield piece

    data = open_data_folder(folder, create=False)
    with open_database(data, beside=True) as database, database.pool(2) as pool:
        intake = Intake(data, Runs(pool), Metrics(), verifier=VERIFIER)
        caller, facts = Tokens(pool).caller(token), RequestFacts("tests")
        assert caller.token_project is not None
        taken = intake.take(pieces(), compressed=True, caller=caller, facts=facts, may_still=lambda: True)
        return asyncio.run(taken)[0].seal
