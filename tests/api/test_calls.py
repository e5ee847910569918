"""Plain calls from Python and the awaitable ones, on a real server on loopback."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import steelyard
from steelyard.cli import execute
from steelyard.storage.run_folder import RunFolder
from steelyard.util import background
from testkit.fixtures import SUM, SumsServer

Sums = tuple[Path, float]


def uri(server: Any) -> str:
    return f"openai:sums@{server.url}"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "claims.yaml"
    path.write_text("model: Adder\nserved_as: sums\nclaims:\n  - {task: sums, value: 99, samples: 900, shots: 0}\n")
    return path


def test_an_audit_gives_what_the_command_gives(
    sums_server: Any, sums_file: Sums, sheet: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    result = steelyard.audit(str(sheet), model=uri(sums_server), task_files=sums_file[0], out=str(out), tolerance=2)
    assert capfd.readouterr() == ("", "")  # quiet by default
    assert result.folder == out
    assert result.exit_code is steelyard.ExitCode.INCONSISTENT
    assert result.verdict.verdict is steelyard.VerdictWord.INCONSISTENT
    (claim,) = result.claims
    assert (claim.task, claim.claimed) == ("sums", 0.99)
    assert result.measurements[0].right > 0
    assert result.findings == ()
    assert repr(result) == f"<RunResult inconsistent, 1 claim, 0 findings, exit code 1, folder {out}>"
    report = json.loads((out / "report.json").read_text())
    assert report["exit"] == 1
    assert execute(["verify", str(out)]) == 0


def test_an_audit_takes_the_names_of_the_commands_options(
    sums_server: Any, sums_file: Sums, sheet: Path, tmp_path: Path
) -> None:
    asked: Any = {"model": uri(sums_server), "task": [sums_file[0]], "limit": 20}
    assert steelyard.audit(sheet, out=tmp_path / "run", **asked).measurements[0].asked == 20
    with pytest.raises(steelyard.InputError, match="no_such_detector"):
        steelyard.audit(sheet, out=tmp_path / "other", detect="no_such_detector", **asked)


def test_a_run_measures_a_file_of_questions(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    file, share = sums_file
    result = steelyard.run(file, model={"subject": uri(sums_server)}, out=tmp_path / "run")
    (measured,) = result.measurements
    assert measured.measured == pytest.approx(share)
    assert result.exit_code == 0
    assert repr(result).startswith(f"<RunResult measured, sums {share * 100:.1f} % (")


def test_the_folder_is_named_by_task_and_time_where_none_is_given(
    sums_server: Any, sums_file: Sums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def both() -> list[steelyard.RunResult]:
        calls = [steelyard.arun(str(sums_file[0]), model=uri(sums_server), limit=20) for _ in range(2)]
        return await asyncio.gather(*calls)

    one, other = asyncio.run(both())
    assert one.folder != other.folder
    assert {one.folder.parent, other.folder.parent} == {Path("runs")}
    assert one.folder.name.startswith("sums-2")


def test_progress_prints_what_the_command_prints(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    steelyard.run(sums_file[0], model=uri(sums_server), out=tmp_path / "run", limit=20, progress=True)
    said = capfd.readouterr()
    assert f"planning sums against {uri(sums_server)}" in " ".join(said.err.split())
    assert said.out == ""


def test_a_plain_call_works_where_a_loop_runs_already(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    """As in a cell of a notebook."""

    async def cell() -> steelyard.RunResult:
        return steelyard.run(sums_file[0], model=uri(sums_server), out=tmp_path / "run", limit=20)

    assert asyncio.run(cell()).exit_code == 0


def test_awaitable_calls_leave_the_callers_loop_free(
    sums_server: Any, sums_file: Sums, sheet: Path, tmp_path: Path
) -> None:
    sums_server.seconds = lambda wrong: 0.05

    async def script() -> tuple[steelyard.RunResult, int]:
        ticks = 0
        work = asyncio.create_task(
            steelyard.aaudit(sheet, model=uri(sums_server), out=tmp_path / "run", task_files=[sums_file[0]], limit=40)
        )
        while not work.done():
            await asyncio.sleep(0.005)
            ticks += 1
        return await work, ticks

    result, ticks = asyncio.run(script())
    assert result.claims
    assert ticks > 3


def test_one_opened_model_serves_several_calls_and_threads(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    found: list[steelyard.RunResult] = []
    with steelyard.open_model(uri(sums_server)) as model:

        def measure(number: int) -> None:
            found.append(steelyard.run(sums_file[0], model=model, out=tmp_path / str(number), limit=20))

        measure(0)
        threads = [threading.Thread(target=measure, args=(number,)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        asyncio.run(steelyard.arun(sums_file[0], model=model, out=tmp_path / "3", limit=20))
    assert [result.exit_code for result in found] == [0, 0, 0]
    noted = RunFolder.open(tmp_path / "0").local_settings()
    assert noted is not None
    assert noted.models == {"subject": uri(sums_server)}
    with pytest.raises(steelyard.ModelUnavailable, match="is closed: open it again"):
        steelyard.run(sums_file[0], model=model, out=tmp_path / "4")


def test_a_model_of_another_loop_is_refused_in_one_line(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    async def script() -> None:
        async with steelyard.open_model(uri(sums_server)) as model:
            await model.identify()
            with pytest.raises(steelyard.InputError) as refused:
                steelyard.run(sums_file[0], model=model, out=tmp_path / "run")
            assert "was used from another event loop before" in str(refused.value)
            assert "\n" not in str(refused.value)

    asyncio.run(script())
    assert not (tmp_path / "run").exists()


def test_the_key_of_an_opened_model_is_noted_for_the_resume(
    sums_server: Any, sums_file: Sums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-1")
    with steelyard.open_model(uri(sums_server), steelyard.Settings(api_key_env="MY_KEY")) as model:
        steelyard.run(sums_file[0], model=model, out=tmp_path / "run", limit=20)
    noted = RunFolder.open(tmp_path / "run").local_settings()
    assert noted is not None
    assert noted.api_key_env == {"subject": "MY_KEY"}
    assert b"sk-1" not in b"".join(path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file())


# ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────────────


SCRIPT = """
import asyncio, sys, steelyard

def measure():
    return steelyard.run(sys.argv[1], model=sys.argv[2], out=sys.argv[3], concurrency=4)

async def cell():
    return measure()

try:
    asyncio.run(cell()) if sys.argv[4] == "inside a loop" else measure()
except steelyard.Interrupted as error:
    print(error)
    sys.exit(int(error.exit_code))
"""


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("it did not come about")


@pytest.mark.parametrize("where", ["script", "inside a loop"])
def test_ctrl_c_stops_a_call_and_a_resume_finishes_it(
    sums_server: Any, sums_file: Sums, tmp_path: Path, where: str
) -> None:
    run = tmp_path / "run"
    sums_server.seconds = lambda wrong: 0.05
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(sums_file[0]), uri(sums_server), str(run), where],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: sum(sums_server.asked.values()) > 20)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == f"interrupted; nothing finished is lost. Go on with: steelyard resume {run}\n"
    assert err == ""
    assert process.returncode == 130
    asked = sums_server.asked.copy()
    sums_server.seconds = lambda wrong: 0.0
    assert execute(["resume", str(run)]) == 0
    assert all(sums_server.asked[prompt] == 1 for prompt in asked if "+" in prompt)
    assert steelyard.verify(run).holds


def test_a_second_ctrl_c_does_not_wait_for_what_hangs(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    sums_server.seconds = lambda wrong: 600.0 if wrong else 0.0

    def hangs() -> bool:  # not a number of questions: four wrong ones among the first would hold up all four calls
        return any(
            (found := SUM.search(prompt)) and SumsServer.is_wrong(*found.groups()) for prompt in [*sums_server.asked]
        )

    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(sums_file[0]), uri(sums_server), str(run), "script"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_for(lambda: (run / "journal").is_dir() and hangs())
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert f"steelyard resume {run}" in out
    assert process.returncode == 130


def test_ctrl_c_while_a_model_is_asked_what_it_is(
    sums_server: Any, sums_file: Sums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums_server.seconds = lambda wrong: 600.0

    def interrupt() -> None:
        wait_for(lambda: bool(sums_server.asked))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(steelyard.Interrupted, match="nothing was asked yet"):
        steelyard.run(sums_file[0], model=uri(sums_server), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_cancelled_awaitable_call_stops_the_run_and_says_how_to_go_on(
    sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    sums_server.seconds = lambda wrong: 0.05

    async def script() -> None:
        work = asyncio.create_task(steelyard.arun(sums_file[0], model=uri(sums_server), out=run, concurrency=4))
        while sum(sums_server.asked.values()) < 20:
            await asyncio.sleep(0.02)
        work.cancel()
        with pytest.raises(asyncio.CancelledError, match="steelyard resume"):
            await work

    asyncio.run(script())
    sums_server.seconds = lambda wrong: 0.0
    assert execute(["resume", str(run)]) == 0
    assert execute(["verify", str(run)]) == 0


def test_a_deadline_is_an_error_of_ours(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    sums_server.seconds = lambda wrong: 60.0 if wrong else 0.0
    with pytest.raises(steelyard.DeadlineExceeded, match="the deadline came after"):
        steelyard.run(sums_file[0], model=uri(sums_server), out=tmp_path / "run", deadline=1)


# ── bad input ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": 3}, "the model subject is a URI"),
        ({"model": {"reference": "embedded:smollm2"}}, "no model is under test"),
        ({"model": "smollm2"}, "a model is named KIND:WHAT"),
        ({"budget": "soon"}, "budget takes a duration such as 90s, 15m or 2h, not 'soon'"),
        ({"deadline": -1}, "deadline takes a duration"),
        ({"patience": "0"}, "patience takes a duration"),
        ({"limit": 0}, "limit takes a whole number from 1 on, not 0"),
        ({"concurrency": True}, "concurrency takes a whole number"),
        ({"timeout": 0}, "timeout takes a number from 0.1 to 86,400, not 0"),
        ({"max_cost": 1}, "needs your prices"),
        ({"max_cost": -1}, "max_cost takes an amount above 0"),
        ({"repeats": 3}, "temperature"),
        ({"shots": -1}, "shots takes a whole number from 0 on"),
        ({"temperature": 3}, "temperature takes a number from 0 to 2, not 3"),
        ({"data": "/nowhere"}, "there is no such folder"),
        ({"key": "/nowhere.pem"}, "no key is here"),
        ({"prompt": "nonsense"}, "nonsense"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(
    sums_server: Any, sums_file: Sums, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    arguments: dict[str, Any] = {"model": uri(sums_server), "out": tmp_path / "run", **given}
    with pytest.raises(steelyard.InputError) as refused:
        steelyard.run(sums_file[0], **arguments)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not any("+" in prompt for prompt in sums_server.asked)
    assert not (tmp_path / "run").exists()


def test_an_unknown_argument_is_a_type_error_as_in_any_function() -> None:
    with pytest.raises(TypeError, match=r"audit\(\) got an unexpected keyword argument 'limits'"):
        steelyard.audit("x.yaml", model="embedded:smollm2", limits=3)  # type: ignore[call-arg]


def test_help_shows_every_argument_by_its_name() -> None:
    for function, own in (
        (steelyard.audit, {"tolerance"}),
        (steelyard.aaudit, {"tolerance"}),
        (steelyard.run, {"prompt", "repeats"}),
        (steelyard.arun, {"prompt", "repeats"}),
    ):
        assert {"model", "out", "limit"} | own <= inspect.signature(function).parameters.keys()


# ── screen and verify ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_screen_needs_no_model(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text("model: M\nclaims:\n  - {task: gsm8k, value: 120}\n")
    for sheet in (path, str(path), steelyard.read_sheet(path)):
        found = steelyard.screen(sheet)
        assert [finding.task for finding in found.findings] == ["gsm8k"]
        assert found.exit_code == 1
        assert repr(found) == "<ScreenResult inconsistent, 1 claim, 1 finding, exit code 1>"


def test_verify_says_what_holds_and_raises_where_nothing_does(
    sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    steelyard.run(sums_file[0], model=uri(sums_server), out=run, limit=20)
    found = steelyard.verify(str(run))
    assert found.holds
    assert (found.verdict, found.signed_by, found.not_recomputed) == ("not_tested", "", ())
    assert found.exit_code == 0
    assert repr(found).startswith("<VerifyResult holds: verdict not tested, records ")
    assert found._repr_html_().startswith("<table>")
    (run / "report.md").write_text("all is well")
    with pytest.raises(steelyard.VerificationError, match=r"report\.md"):
        steelyard.verify(run)
    with pytest.raises(steelyard.InputError, match="no run is here"):
        steelyard.verify(tmp_path / "nowhere")


def test_a_signed_bundle_names_its_key(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    assert execute(["key", "new", "--out", str(key)]) == 0
    steelyard.run(sums_file[0], model=uri(sums_server), out=tmp_path / "run", limit=20, key=key)
    found = steelyard.verify(tmp_path / "run", require_key=tmp_path / "key.pub.pem")
    assert len(found.signed_by) == 64
    assert "signed by" in repr(found)


def test_the_background_loop_is_one(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    before = background.event_loop()
    steelyard.run(sums_file[0], model=uri(sums_server), out=tmp_path / "run", limit=20)
    assert background.event_loop() is before


def test_answers_and_the_report_of_a_run(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    result = steelyard.run(sums_file[0], model=uri(sums_server), out=tmp_path / "run")
    assert repr(result).startswith("<RunResult measured, ")
    assert len(result.answers) == result.measurements[0].asked
    right = steelyard.show(tmp_path / "run", "right")
    assert len(right) == result.measurements[0].right
    assert all(each.reading == "right" and each.question and each.answer for each in right)
    assert steelyard.report(tmp_path / "run").verdict == result.verdict
    with pytest.raises(steelyard.InputError, match="there is no reading 'good'"):
        steelyard.show(tmp_path / "run", "good")  # type: ignore[arg-type]


@pytest.mark.parametrize("call", [steelyard.audit, steelyard.run])
def test_data_in_place_of_a_path_is_one_line(call: Any) -> None:
    wrong: list[Any] = [{"claims": []}, [{"question": "q"}]]
    for given in wrong:
        with pytest.raises(steelyard.InputError, match=r"path of a .* file") as caught:
            call(given, model="embedded:smollm2")
        assert "\n" not in str(caught.value)
