"""``make serve``: the platform with demo data is filled by the product itself, and whoever starts it can sign in."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from packages.server.tests.site import Client, data_folder, environment
from testkit.repository import ROOT
from tools.demo_model import RATES, answer, invoice
from tools.demo_platform import MADE_UP, NAME
from tools.demo_watch import SCHEDULE, WATCHED, WORSE


@pytest.mark.slow  # two audits, two runs
def test_the_demo_has_verdicts_of_real_runs_and_says_what_is_made_up() -> None:
    with data_folder() as folder:
        command = [sys.executable, "-m", "tools.demo_platform", "--folder", str(folder), "--bind", "127.0.0.1:0"]
        with subprocess.Popen(
            [*command, "--models-port", "0"], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            try:
                lines = [process.stdout.readline() for _ in range(3)]
                found = re.fullmatch(rf"sign in at (\S+) as {NAME}, password (\S+); Ctrl-C stops\n", lines[2])
                assert found is not None, lines
                assert lines[1] == f"{MADE_UP}\n"
                client = Client(found[1])
                assert client.submit("/sign-in", "/sign-in", name=NAME, password=found[2], next="/").status == 303
                _look(client)
            finally:
                process.terminate()
                process.wait(60)
            assert process.stdout.read() == "stopped\n"


def test_the_watched_model_gets_worse_by_its_rate_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [invoice(number) for number in range(400)]

    def right() -> float:
        return sum(answer(WATCHED, question) == expected for question, expected in asked) / len(asked)

    assert right() > 0.94
    monkeypatch.setitem(RATES, WATCHED, WORSE)
    assert abs(right() - WORSE) < 0.08


def _look(client: Client) -> None:
    models = client.get("/p/default/models").text
    for name, verdict in (("harbour-large", "consistent"), ("harbour-small", "inconsistent")):
        row = re.search(rf">{name}<.*?</tr>", models, re.DOTALL)
        assert row is not None
        assert re.search(rf">{verdict}<", row[0])
    assert client.get("/").text.count("Measured: house-questions") == 2
    assert "house-questions" in client.get("/p/default/suites").text
    watch = client.get("/p/default/watch").text
    assert SCHEDULE in watch
    assert watch.count("More than 24 looks a day") == 2
    run = re.search(r"/p/default/runs/[0-9a-f]{64}", client.get("/p/default/runs?kind=audit").text)
    assert run is not None
    assert "every verdict follows from the journal" in client.get(run[0]).text
