"""Whether a run is good, by what a platform says of it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from packages.server.tests.client.answering import ANSWER, SEAL, TOKEN, answering
from packages.server.tests.site import GOLDEN
from steelyard.errors import ExitCode, InputError, ModelUnavailable, VerificationError
from steelyard_server.client.runs import ask_verdicts, combined, seal_of, standing_of, tries_of
from steelyard_server.wire.records import RunVerdict


def run(**changed: Any) -> RunVerdict:
    return msgspec.convert(ANSWER | changed, RunVerdict)


def test_a_run_that_was_verified_whole_is_what_its_verdict_is() -> None:
    assert standing_of(run()).exit is ExitCode.CONSISTENT
    for code in (1, 3, 4):
        assert standing_of(run(exit=code, scores_taken=5, verified_exit=3)).exit == code


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"scores_taken": 1200}, "1,200 scores were taken as sealed"),
        ({"verified_exit": 3}, "not all of it could be verified"),
        ({"verified_exit": 3, "restored": True}, "from a backup"),
        ({"own_questions": ["gsm8k"]}, "not the benchmark gsm8k"),
        ({"verdict": None}, "only measures"),
        ({"verdict": "inconsistent"}, "its verdict is inconsistent"),
    ],
)
def test_a_run_is_not_called_good_for_less(changed: dict[str, Any], why: str) -> None:
    found = standing_of(run(**changed))
    assert (found.exit, why in found.why) == (ExitCode.UNDECIDED, True)
    believed = standing_of(run(**changed), sealed_scores_ok=True)
    assert (believed.exit is ExitCode.CONSISTENT) == ("scores_taken" in changed)


def test_the_worst_run_gives_the_exit_code() -> None:
    good, bad, open_, missing = (ExitCode(each) for each in (0, 1, 3, 4))
    assert combined([good]) == good
    assert combined([good, open_]) == open_
    assert combined([bad, open_, good]) == bad
    assert combined([missing, bad]) == missing


def test_a_run_is_named_by_its_seal_or_its_folder_which_must_be_intact(tmp_path: Path) -> None:
    assert seal_of(str(GOLDEN)) == seal_of(SEAL) == SEAL
    shutil.copytree(GOLDEN, tmp_path / "run")
    (tmp_path / "run" / "report.md").write_text("All claims hold.")
    with pytest.raises(VerificationError, match=r"report\.md"):
        seal_of(str(tmp_path / "run"))
    with pytest.raises(InputError):
        seal_of(str(tmp_path))


def test_a_run_that_is_not_there_and_an_answer_about_another_one() -> None:
    with answering(200, ANSWER) as (address, handler):
        (found,) = asyncio.run(ask_verdicts([SEAL], address, TOKEN))
        assert (found.seal, handler.asked[0][0]) == (SEAL, f"/api/v1/runs/{SEAL}")
        with pytest.raises(ModelUnavailable, match="about this run"):
            asyncio.run(ask_verdicts(["0" * 64], address, TOKEN))
    with answering(404, {"detail": "no"}) as (address, _), pytest.raises(InputError, match="remote push sends it"):
        asyncio.run(ask_verdicts([SEAL], address, TOKEN))


def test_other_tries_are_said_in_words() -> None:
    assert tries_of(run()) == ""
    others = [{"job": 7, "state": "cancelled", "seal": None}, {"job": 8, "state": "fin\x1bished", "seal": SEAL}]
    assert tries_of(run(other_tries=others)).startswith("2 other jobs of this project asked this model about the same")
    assert "\x1b" not in tries_of(run(other_tries=others))
