from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from packages.server.tests.store.runs import _audit, questions_of
from steelyard.auditing.conductor import resume_audit, start_audit
from steelyard.auditing.session import SessionOptions
from steelyard.errors import Interrupted
from steelyard.evidence.verify import verify_integrity
from steelyard.records import ModelOutput, Request
from steelyard.tasks.catalogue import Catalogue
from testkit.fixtures import SumsServer


class Purse:
    """An account with room for so many calls."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.settled = 0

    async def reserve(self, request: Request) -> bool:
        self.calls -= 1
        return self.calls >= 0

    def settle(self, request: Request, output: ModelOutput) -> None:
        assert output.prompt_tokens
        self.settled += 1


def test_a_run_whose_allowance_is_used_up_stops_and_goes_on_later(sums_server: SumsServer, tmp_path: Path) -> None:
    questions = questions_of(tmp_path, 12)
    purse, more = Purse(5), Purse(100)

    async def asked() -> None:
        audit = await _audit(questions=questions, url=sums_server.url, concurrency=3)
        try:
            with pytest.raises(Interrupted):
                await start_audit(audit, tmp_path / "run", options=SessionOptions(allowance=purse))
            options = SessionOptions(allowance=more)
            await resume_audit(tmp_path / "run", audit.models, None, Catalogue([questions]), options=options)
        finally:
            await audit.close()

    asyncio.run(asked())
    assert (purse.settled, more.settled) == (5, 7)
    assert verify_integrity(tmp_path / "run").answers == 12
    assert {times for prompt, times in sums_server.asked.items() if prompt.startswith("What is")} == {1}
