"""Endpoints that fail to answer, by the real command: on purpose, in outages, and not at all."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.auditing.finalize import results_of
from steelyard.cli import execute
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, canonical_in_full, sha256_hex
from steelyard.planning.again import request_again
from steelyard.records import Attempt, GenerateRequest
from steelyard.storage.journal.reader import replay
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.journal_content import check_journal
from steelyard.verification.recompute import recompute
from testkit.fixtures import SumsServer
from testkit.resealing import records_of, reseal, with_new_reports

pytestmark = pytest.mark.usefixtures("quick_retries")

Sums = tuple[Path, float]
POINTS = 5.0
ATTEMPTS = 5
SUM = re.compile(r"What is (\d+) \+ (\d+)\?")


def is_withheld(prompt: str) -> bool:
    """A quarter of what the server gets wrong."""
    found = SUM.search(prompt)
    digest = hashlib.sha256(f"withheld {prompt}".encode()).digest()
    return found is not None and SumsServer.is_wrong(*found.groups()) and digest[0] < 64


def some(prompt: str, share: float) -> bool:
    """So large a share of all sums, whatever their answer."""
    return bool(SUM.search(prompt)) and hashlib.sha256(f"some {prompt}".encode()).digest()[0] < 256 * share


@pytest.fixture
def command(sums_server: SumsServer, sums_file: Sums, tmp_path: Path) -> list[str]:
    """The audit of a claim five points above what the server gets right."""
    sheet = tmp_path / "sheet.yaml"
    claimed = round(100 * sums_file[1] + POINTS, 1)
    sheet.write_text(f"model: sums\nclaims:\n  - {{task: sums, value: {claimed}, protocol: {{decoding: greedy}}}}\n")
    return [
        "audit", str(sheet), "--model", f"openai:sums@{sums_server.url}", "--task", str(sums_file[0]),
        "--out", str(tmp_path / "run"),
    ]  # fmt: skip


def report_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "report.json").read_bytes())
    return found


def again(run: Path) -> list[Attempt]:
    return [attempt for attempt in replay(run).attempts if attempt.measurement.startswith("02-") and attempt.final]


def test_who_fails_on_purpose_on_a_quarter_of_what_is_wrong(
    command: list[str], sums_server: SumsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums_server.status = lambda prompt, times: 500 if is_withheld(prompt) else 200
    run = tmp_path / "run"
    assert execute(command) == 1
    report = report_of(run)
    (finding,) = report["findings"]
    assert (finding["detector"], finding["check"], report["verdict"]) == ("not_served", "not_served", "inconsistent")
    assert finding["p"] < 1e-10
    (claim,) = report["claims"]
    assert claim["verdict"] == "insufficient_power"
    assert "answers are missing: neither verdict can be reached any more" in claim["reason"]
    calls = again(run)
    items = Counter(attempt.sample for attempt in calls)
    assert set(items.values()) == {3}
    assert len(items) == 60
    failed = {attempt.sample for attempt in calls if not attempt.outcome.answered}
    assert len(failed) == 30
    # No cache can know any of these requests: each has a limit of tokens of its own.
    first = [attempt.request for attempt in replay(run).attempts if attempt.measurement.startswith("00-")]
    assert not {attempt.request for attempt in calls} & set(first)
    assert len({attempt.request for attempt in calls}) == len(calls)
    shown = " ".join(capsys.readouterr().out.split())
    assert "30 of 30 items that got no answer failed again, 0 of 30 answered ones" in shown
    assert recompute(run).verdict.exit == 1
    assert execute(["verify", str(run)]) == 0


def test_failures_that_do_not_depend_on_the_item_are_no_finding(
    command: list[str], sums_server: SumsServer, tmp_path: Path
) -> None:
    sums_server.status = lambda prompt, times: 500 if some(prompt, 0.06) and times <= ATTEMPTS else 200
    run = tmp_path / "run"
    # Half a point from what the server gets right: neither word is reached before enough calls have failed.
    assert execute([*command, "--tolerance", "4.5"]) == 4
    report = report_of(run)
    assert report["findings"] == []
    assert len({attempt.sample for attempt in again(run)}) >= 14
    (test,) = [each for each in report["tests"] if each["rule"].startswith("not_served")]
    assert test["word"] == "consistent"
    assert "nothing shows that it depends on the item" in test["reason"]
    assert recompute(run).verdict.findings == ()


@pytest.mark.parametrize("status", [400, 413])
def test_what_is_rejected_as_a_bad_request_is_named_apart(
    command: list[str], sums_server: SumsServer, tmp_path: Path, status: int
) -> None:
    sums_server.status = lambda prompt, times: status if is_withheld(prompt) else 200
    assert execute(command) == 4
    report = report_of(tmp_path / "run")
    assert (report["findings"], again(tmp_path / "run")) == ([], [])
    assert any("rejected as bad requests" in note["message"] for note in report["notes"])


def test_where_nothing_fails_nothing_is_asked_again(
    command: list[str], sums_server: SumsServer, tmp_path: Path
) -> None:
    execute([*command, "--tolerance", "20"])
    run = tmp_path / "run"
    assert again(run) == []
    report = report_of(run)
    assert [each["measurement"] for each in report["measurements"]] == ["00-sums", "01-sums"]  # a second pass
    assert not (run / "samples" / "02-sums.txt").exists()
    assert len(list((run / "samples").iterdir())) == 1
    assert recompute(run).verdict.exit == report["exit"] == 0


# As `one_order` does for the commands of this process: which samples fail follows from the order.
WITH_ONE_ORDER = """
import secrets, sys
secrets.token_hex = lambda size: "5eed"
from steelyard.cli import main
main()
"""


@pytest.mark.slow  # the fast run kills in test_conductor.py, and reads from a journal what is asked again below
def test_a_killed_run_asks_again_what_it_had_not_asked_again(
    command: list[str], sums_server: SumsServer, tmp_path: Path
) -> None:
    answered: Counter[str] = Counter()

    def status(prompt: str, times: int) -> int:
        code = 500 if is_withheld(prompt) else 200
        answered[prompt] += code == 200
        return code

    sums_server.status = status
    run = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", WITH_ONE_ORDER, *command], stderr=subprocess.DEVNULL)
    journal = run / "journal" / "main-0000.jsonl"
    while not journal.exists() or journal.read_bytes().count(b'"measurement":"02-sums"') < 20:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {(attempt.sample, attempt.repeat) for attempt in again(run)}
    assert 0 < len(before) < 180
    assert execute(["resume", str(run)]) == 1
    calls = [(attempt.sample, attempt.repeat) for attempt in again(run)]
    assert len(calls) == len(set(calls)) == 180
    assert recompute(run).verdict.exit == 1


def sealed_again(run: Path, records: list[dict[str, Any]]) -> Path:
    """The run with other records, and with the scores and reports that follow from them."""
    reseal(run, records=records)
    with (run / "scores.jsonl").open("wb") as file:
        results_of(RunFolder.open(run), lambda score: file.write(canonical_in_full(score) + b"\n"))
    return with_new_reports(run)


def test_what_is_asked_again_follows_from_the_journal(
    command: list[str], sums_server: SumsServer, tmp_path: Path
) -> None:
    sums_server.status = lambda prompt, times: 500 if is_withheld(prompt) else 200
    run = tmp_path / "run"
    assert execute(command) == 1
    records = records_of(run)
    made_again = [each for each in records if each.get("measurement") == "02-sums" and each.get("final")]
    dropped = shutil.copytree(run, tmp_path / "dropped")
    sample = made_again[0]["sample"]
    kept = [each for each in records if (each.get("measurement"), each.get("sample")) != ("02-sums", sample)]
    with pytest.raises(VerificationError, match="02-sums: not all that was planned was asked"):
        recompute(sealed_again(dropped, kept))
    first_asked = {each["position"]: each for each in records if each.get("measurement") == "00-sums"}
    used = {each["position"] // 3 for each in made_again}
    first = next(first_asked[place] for place in range(100, 800) if not used & {place, place + 1})
    sample = json.loads(open_index(run)[first["item"]])
    anew = request_again(msgspec.convert(sample["request"], GenerateRequest), first["repeat"], 0.7)
    request = sha256_hex(canonical(anew))
    stray = {**first, "measurement": "02-sums", "position": 3 * first["position"], "seq": 0, "request": request}
    with pytest.raises(VerificationError, match="was asked again, and was not to be"):
        sealed_again(run, [*records[:-1], stray, records[-1]])
    wrong = {**stray, "position": stray["position"] + 3}
    reseal(run, records=[*records[:-1], wrong, records[-1]])
    with pytest.raises(VerificationError, match="whose first answer was at position"):
        check_journal(RunFolder.open(run))


def test_a_claim_of_which_items_are_not_served_is_never_consistent(
    command: list[str], sums_server: SumsServer, tmp_path: Path
) -> None:
    """The claim is reached with whatever is missing counted as wrong, and its asking ends early."""
    sums_server.status = lambda prompt, times: 500 if some(prompt, 0.2) else 200
    run = tmp_path / "run"
    assert execute([*command, "--tolerance", "40"]) == 1
    report = report_of(run)
    (claim,) = report["claims"]
    assert (claim["verdict"], report["verdict"]) == ("insufficient_power", "inconsistent")
    assert claim["reason"] == "some items are not served (see the finding), which confirms no claim"
    assert claim["asked"] < claim["of"]
    assert recompute(run).verdict.exit == 1
    page = tmp_path / "summary.html"
    assert execute(["report", str(run), "--summary", str(page), "--language", "de"]) == 1
    shown = " ".join(page.read_text().split())
    assert "Der Endpunkt lässt manche Fragen ohne Antwort" in shown
    assert "Das bestätigt keine Angabe" in shown
