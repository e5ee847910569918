"""No endpoint that a suite does not name gets a byte, whatever way it is asked; who got what is on record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import steelyard
from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.suites.exposures import exposed_items, read_exposures
from testkit.fixtures import SumsServer
from testkit.suite_files import Listener, sums_suite


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_an_endpoint_that_is_not_named_gets_nothing(
    listener: Listener, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = sums_suite(tmp_path / "sums", "https://elsewhere.example/v1")
    model = f"openai:m@{listener.url}"
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("model: m\nclaims:\n  - {task: sums, value: 90}\n")
    for asked in (
        ["run", str(suite), "--model", model],
        ["run", str(suite / "suite.yaml"), "--model", model],
        ["run", "sums", "--model", model],
        ["run", str(suite), "--model", model, "--dry-run"],
        ["run", str(suite), "--model", "embedded:smollm2", "--model", f"judge={model}"],
        ["run", str(suite), "--model", model, "--ray", "local"],
        ["audit", str(sheet), "--task", str(suite), "--model", model],
        ["gate", str(suite), "--model", model, "--at-least", "0.5"],
        ["choose", str(suite), "--model", model, "--model", model + "/b", "--target", "0.5"],
        ["watch", "begin", str(suite), "--model", model, "--out", "w"],
        ["watch", "begin", str(suite), "--model", model, "--out", "w", "--dry-run"],
        ["gateway", "--to", listener.url, "--suite", str(suite), "--port", "0"],
    ):
        assert execute(asked) == 2, asked
        assert "and nothing was sent: add it to 'endpoints' in suite.yaml" in said(capsys)
    with pytest.raises(InputError, match="nothing was sent"):
        steelyard.run(suite, model=model)
    assert listener.connected == 0
    assert not list(tmp_path.glob("runs/*"))
    assert not (tmp_path / "w").exists()


def test_a_cluster_of_other_machines_must_be_named_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = sums_suite(tmp_path / "sums")
    assert execute(["run", str(suite), "--model", "embedded:smollm2", "--ray", "10.1.2.3:6379"]) == 2
    assert "may not be shown to 10.1.2.3:6379 (ray)" in said(capsys)


@pytest.mark.parametrize("spelled", ["{url}", "{url}/", "http://LOCALHOST:{port}", "http://localhost:{port}/v1/"])
def test_an_address_has_one_spelling(sums_server: SumsServer, tmp_path: Path, spelled: str) -> None:
    port = sums_server.url.split(":")[2].partition("/")[0]
    host = "localhost" if "ocalhost" in spelled.lower() else "127.0.0.1"
    suite = sums_suite(tmp_path / "sums", spelled.format(url=sums_server.url, port=port), count=5)
    assert execute(["run", str(suite), "--model", f"openai:sums@http://{host}:{port}/v1"]) == 0


def test_who_got_which_item_is_on_record(
    sums_server: SumsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = sums_suite(tmp_path / "sums", sums_server.url)
    model = f"openai:sums@{sums_server.url}"
    assert execute(["run", str(suite), "--model", model, "--limit", "10", "--out", "r1"]) == 0
    recipient = next(iter(exposed_items(read_exposures(suite))))
    assert recipient == sums_server.url
    assert len(exposed_items(read_exposures(suite))[recipient]) == 10
    assert execute(["run", str(suite), "--model", model, "--out", "r2"]) == 0
    counts = exposed_items(read_exposures(suite))[recipient]
    assert (len(counts), sum(counts.values())) == (30, 40)
    plan = steelyard.report("r1")
    assert plan.verdict.measurements[0].task == "sums"
    assert execute(["suite", "show", str(suite)]) == 0
    assert f"seen by {sums_server.url}: 30 items, at most 2 times each" in " ".join(capsys.readouterr().out.split())
    for name in ("r1", "r2"):
        assert execute(["verify", name]) == 0


def test_a_run_that_cannot_put_it_on_record_sends_no_item(
    sums_server: SumsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = sums_suite(tmp_path / "sums", sums_server.url)
    (suite / "exposures.jsonl").symlink_to("/dev/null")
    assert execute(["run", str(suite), "--model", f"openai:sums@{sums_server.url}"]) == 2
    assert "it would not be on record who saw the suite" in said(capsys)
    assert not any("+" in prompt for prompt in sums_server.asked)


def test_a_stopped_run_counts_until_it_ends(sums_server: SumsServer, tmp_path: Path) -> None:
    suite = sums_suite(tmp_path / "sums", sums_server.url)
    sums_server.interrupts_at = 10
    model = f"openai:sums@{sums_server.url}"
    assert execute(["run", str(suite), "--model", model, "--concurrency", "1", "--out", "r"]) == 130
    assert [each.state for each in read_exposures(suite)] == ["begun"]
    (suite / "suite.yaml").write_text("suite: sums\nendpoints: []\n")
    before = sum(sums_server.asked.values())
    assert execute(["resume", "r"]) == 2  # taken back meanwhile
    assert sum(sums_server.asked.values()) == before
    (suite / "suite.yaml").write_text(f"suite: sums\nendpoints: [{sums_server.url}]\n")
    assert execute(["resume", "r"]) == 0
    assert [each.state for each in read_exposures(suite)] == ["begun", "begun", "ended"]
    assert len(exposed_items(read_exposures(suite))[sums_server.url]) == 30


def test_all_parts_that_a_run_may_ask_count_from_its_beginning(sums_server: SumsServer, tmp_path: Path) -> None:
    """A run that asks several parts of one suite has one line for each recipient: the last line of a run counts."""
    suite = sums_suite(tmp_path / "sums", sums_server.url, count=40)
    assert execute(["suite", "seal", str(suite), "--checks", "2"]) == 0
    command = ["suite", "check", str(suite), "--model", f"openai:sums@{sums_server.url}", "--out", "r"]
    assert execute(command) in (0, 3)
    begun, ended = read_exposures(suite)
    assert begun.items == ended.items
    assert len(begun.items) == 30
