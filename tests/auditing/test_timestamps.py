"""When a run is stamped, and when it needs no stamp; the authority's answers are in tests/test_time_stamps.py."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from steelyard.auditing import timestamps
from steelyard.auditing.timestamps import check_is_stamped, ensure_stamp
from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard.evidence.timestamp import read_stamp
from steelyard.evidence.timestamp_signature import new_request
from steelyard.storage.run_folder import RunFolder
from testkit.timestamp_authority import TimestampAuthority
from tests.assets.make_golden import GOLDEN


def run_at(folder: Path, *, timestamped: bool) -> RunFolder:
    """The golden run, as if its plan said whether it is stamped."""
    found = RunFolder.open(Path(shutil.copytree(GOLDEN, folder)))
    assert found.plan.ledger is not None
    place = msgspec.structs.replace(found.plan.ledger, timestamped=timestamped)
    plan = msgspec.structs.replace(found.plan, ledger=place)
    return RunFolder(found.path, plan, found.plan_sha256, found.signers)


def test_a_plan_that_asks_for_no_stamp_gets_none(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run", timestamped=False)
    check_is_stamped(run)
    assert asyncio.run(ensure_stamp(run, None, "http://127.0.0.1:1/", None, has_attempts=False)) is None


def test_a_stamp_that_is_there_is_not_asked_for(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run", timestamped=True)
    data = TimestampAuthority(tmp_path / "tsa").stamp(new_request(b"x").body)
    (run.path / layout.TIMESTAMP).write_bytes(data)
    found = asyncio.run(ensure_stamp(run, None, "http://127.0.0.1:1/", None, has_attempts=True))
    assert found == read_stamp(data)
    check_is_stamped(run)


def test_a_clock_that_is_behind_the_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of another machine on which a run is resumed: its attempts would seem older than the stamp."""
    run = run_at(tmp_path / "run", timestamped=True)
    data = TimestampAuthority(tmp_path / "tsa").stamp(new_request(b"x").body)
    (run.path / layout.TIMESTAMP).write_bytes(data)
    slow = SimpleNamespace(time_ns=lambda: time.time_ns() - 60 * 10**9)
    monkeypatch.setattr(timestamps, "time", slow)
    with pytest.raises(InputError, match=r"this machine's clock is [56][0-9] s behind the run's time stamp"):
        asyncio.run(ensure_stamp(run, None, "", None, has_attempts=True))


def test_a_stamp_that_is_missing(tmp_path: Path) -> None:
    run = run_at(tmp_path / "run", timestamped=True)
    with pytest.raises(InputError, match="is not there: put it back"):
        check_is_stamped(run)
    with pytest.raises(InputError, match="would be younger than the first attempt"):
        asyncio.run(ensure_stamp(run, None, "http://127.0.0.1:1/", None, has_attempts=True))
    with pytest.raises(InputError, match="name the authority with --timestamp URL"):
        asyncio.run(ensure_stamp(run, None, "", None, has_attempts=False))
