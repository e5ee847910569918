"""``steelyard remote run``: a real server, a real worker and an endpoint on loopback; the verdict is the exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from packages.server.tests.jobs.yard import questions, wait_for
from packages.server.tests.pages.working import with_endpoint, working
from packages.server.tests.site import Client, Site, environment, new_platform
from steelyard.cli import execute
from testkit.fixtures import SumsServer

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def own(data_template: Path) -> Iterator[Site]:
    with new_platform(data_template) as running:
        running.administrator()
        yield running


@pytest.fixture
def sums(own: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[SumsServer]:
    monkeypatch.setenv("STEELYARD_TOKEN", own.token("run"))
    with SumsServer() as server:
        yield server


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a sheet that holds, one that does not, and their questions."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sums.jsonl").write_text(questions(60))
    for name, value in (("fair", 50), ("high", 99)):
        claim = {"model": "adder", "claims": [{"task": "sums", "value": value}]}
        (tmp_path / f"{name}.yaml").write_text(json.dumps(claim))
    return tmp_path


def command(own: Site, what: str, endpoint: str, *more: str) -> list[str]:
    return ["remote", "run", what, "--endpoint", endpoint, "--model", "sums", "--server", own.base, *more]


def listed(own: Site) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(own.with_token("read").get("/api/v1/jobs").text)["jobs"]
    return found


def test_the_exit_code_is_the_verdict_of_a_job_there(
    own: Site, sums: SumsServer, work: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_endpoint(own, sums.url, "verdicts", price="2")
    own_questions = ("--task", "sums.jsonl")
    with working(own):
        assert execute(command(own, "high.yaml", "verdicts", *own_questions, "--yes")) == 1
        shown = capfd.readouterr()
        assert "inconsistent, claimed 99 %" in shown.out
        assert re.search(rf"job \d+: {own.base}/p/default/jobs/\d+", shown.err)
        assert execute(command(own, "sums.jsonl", "verdicts", "--yes", "--limit", "8", "--json")) == 0, "a measurement"
        document = json.loads(capfd.readouterr().out)
        assert (document["state"], document["exit"], document["run"]["exit"]) == ("finished", 0, 0)
        job = f"job:{document['job']}"
        assert execute(["remote", "status", job, "--at", own.base]) == 0
        assert f"/p/default/runs/{document['run']['seal']}" in capfd.readouterr().out
        (work / "bad.jsonl").write_text("{}\n")
        assert execute(command(own, "bad.jsonl", "verdicts", "--yes")) == 4
        shown = capfd.readouterr()
        assert re.search(r"job \d+ is failed: .*bad\.jsonl", shown.out), shown.out


def test_what_it_takes_is_said_first_and_nothing_is_started_unasked(
    own: Site, sums: SumsServer, work: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_endpoint(own, sums.url, "foreseen", price="2")
    before = len(listed(own))
    asked = command(own, "fair.yaml", "foreseen", "--task", "sums.jsonl", "--limit", "40")
    assert execute([*asked, "--dry-run", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["calls"] == 160, (
        "40 samples, greedy and sampled, and a second pass of each"
    )
    assert execute(asked) == 2
    foreseen = capfd.readouterr().err
    assert re.search(r"sums, claimed 50: 160 calls, [^,]+, [\d.e-]+ at the list's prices; decided", foreseen), foreseen
    assert re.search(r"\nat most 160 calls, .*tokens\nassumed: ", foreseen), foreseen
    assert "nothing was started, since nobody can be asked here: --yes starts it" in foreseen
    for says, code in ((False, 130), (True, 0)):
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(click, "confirm", lambda *_, says=says, **__: says or (_ for _ in ()).throw(click.Abort()))
        assert execute([*asked, "--no-wait"]) == code
    shown = capfd.readouterr()
    (job,) = listed(own)[: len(listed(own)) - before]
    assert f"page    {own.base}/p/default/jobs/{job['job']}" in shown.out
    assert f"steelyard remote status job:{job['job']} --wait --at {own.base}" in shown.out
    assert not [prompt for prompt in sums.asked if prompt.startswith("What is")]
    assert execute(["remote", "status", f"job:{job['job']}", "--at", own.base]) == 3
    assert f"job {job['job']} is waiting" in capfd.readouterr().out
    assert own.with_token("run").ask("POST", f"/api/v1/jobs/{job['job']}/cancel").status == 200


def test_questions_may_be_a_table_as_the_command_line_takes_it(
    own: Site, sums: SumsServer, work: Path, capfd: Capture
) -> None:
    with_endpoint(own, sums.url, "tables", price="2")
    pairs = [json.loads(line) for line in questions(60).splitlines()]
    rows = "".join(f"{each['question']};{each['answer']};Müller\r\n" for each in pairs)
    for folder, encoding in (("bom", "utf-8-sig"), ("windows", "cp1252")):
        (work / folder).mkdir()
        (work / folder / "sums.csv").write_bytes(f"Frage;Antwort;Kunde\r\n{rows}".encode(encoding))
        asked = command(own, "fair.yaml", "tables", "--task", f"{folder}/sums.csv", "--limit", "40", "--dry-run")
        assert execute(asked) == 0
        shown = capfd.readouterr()
        assert "sums, claimed 50: 160 calls" in shown.out
        assert "Not sent: the column 'Kunde'." in shown.err
        assert ("Windows-1252" in shown.err) == (encoding == "cp1252")
    (work / "texts.csv").write_text("Text;Wert\r\n" + "".join(f"{a['question']};{a['answer']}\r\n" for a in pairs))
    named = ("--question", "Text", "--answer", "B", "--yes", "--limit", "8", "--json")
    with working(own):
        assert execute(command(own, "texts.csv", "tables", *named)) == 0
    assert json.loads(capfd.readouterr().out)["state"] == "finished"


def test_ctrl_c_ends_the_waiting_and_not_the_job(own: Site, sums: SumsServer, work: Path, capfd: Capture) -> None:
    with_endpoint(own, sums.url, "slow", price="2")
    sums.seconds = lambda _: 0.1
    arguments = command(own, "sums.jsonl", "slow", "--yes", "--limit", "40")
    with (
        working(own),
        subprocess.Popen(
            [sys.executable, "-m", "steelyard", *arguments], stderr=subprocess.PIPE, text=True, cwd=work,
            env=environment() | {"STEELYARD_TOKEN": os.environ["STEELYARD_TOKEN"]},
        ) as process,
    ):  # fmt: skip
        assert process.stderr is not None
        first = process.stderr.readline()
        number = int(re.findall(r"job (\d+)", first)[0])
        runner = own.with_token("run")
        wait_for(lambda: [prompt for prompt in sums.asked if prompt.startswith("What is")])
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(60) == 130
        assert f"job {number} goes on there. Wait for it with: steelyard remote status job:{number} --wait" in said
        assert "Traceback" not in said
        assert state(runner, number) in ("running", "waiting", "finished")
        assert execute(["remote", "status", f"job:{number}", "--wait", "--at", own.base]) == 0
    assert state(runner, number) == "finished"
    assert "open" not in capfd.readouterr().err


def state(client: Client, job: int) -> str:
    return str(json.loads(client.get(f"/api/v1/jobs/{job}").text)["state"])


@pytest.mark.parametrize(
    ("what", "more", "said"),
    [
        ("none.yaml", (), "none.yaml: cannot be read"),
        ("fair.yaml", ("--shots", "3"), "--shots is not for a claim sheet"),
        ("gsm8k", ("--tolerance", "3"), "--tolerance is not for a task"),
        ("fair.yaml", ("--yes", "--dry-run"), "leave one out"),
        ("fair.yaml", ("--task", "none.csv"), "there is no such file"),
        ("columns.csv", (), "needs a column question, prompt, input or Frage, or --question COLUMN"),
        ("./old.xls", (), "open it in Excel and save it as .xlsx"),
        ("none.csv", (), "there is no such file"),
        ("fair.yaml", ("--task", "Big Table.csv"), "named by small letters"),
        ("suite/table.csv", (), "of a private suite"),
        ("suite/samples.jsonl", (), "of a private suite"),
        ("binary.yaml", (), "no text in UTF-8"),
        ("../etc/passwd", (), "id of a built-in task"),
        ("large.yaml", (), "1 MB at most"),
    ],
)
def test_what_is_wrong_is_one_line(
    own: Site, sums: SumsServer, work: Path, capfd: Capture, what: str, more: tuple[str, ...], said: str
) -> None:
    (work / "Big Table.csv").write_text("question,answer\n1+1,2\n")
    (work / "columns.csv").write_text("a,b\n1+1,2\n")
    (work / "old.xls").write_text("")
    (work / "suite").mkdir()
    (work / "suite" / "table.csv").write_text("question,answer\n1+1,2\n")
    (work / "suite" / "suite.yaml").write_text("suite: s\n")
    (work / "suite" / "samples.jsonl").write_text(questions(3))
    (work / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (work / "large.yaml").write_text("#" * (1 << 20) + "#")
    assert execute(command(own, what, "verdicts", *more)) == 2
    shown = capfd.readouterr()
    assert said in shown.err
    assert shown.err.count("\n") == 1
    assert shown.out == ""


def test_a_token_that_may_not_and_an_endpoint_that_is_not_there_are_refused(
    own: Site, sums: SumsServer, work: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert execute(command(own, "sums.jsonl", "no-such", "--yes")) == 2
    assert "no-such" in capfd.readouterr().err
    monkeypatch.setenv("STEELYARD_TOKEN", own.token("read"))
    assert execute(command(own, "sums.jsonl", "no-such", "--yes")) == 2
    assert "lacks the scope run" in capfd.readouterr().err
