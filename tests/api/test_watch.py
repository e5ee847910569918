"""A watch on a scripted server: its baseline, its looks, and what a stopped call or a changed model leaves."""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from steelyard.api.arguments import RunArguments
from steelyard.api.watch import Probe, begin_watch, look_again
from steelyard.api.watch_verify import verify_watch
from steelyard.errors import ExitCode, InputError, ModelUnavailable, VerificationError
from steelyard.records import SUBJECT
from steelyard.storage.journal.writer import Journal
from steelyard.watching.folder import open_log
from steelyard.watching.log import LOG
from steelyard.watching.standing import Standing, standing_of
from testkit.fixtures import SumsServer

ITEMS = 12


class Watched:
    """A watch in ``folder``, with what it said."""

    def __init__(self, server: SumsServer, folder: Path) -> None:
        self.server, self.folder = server, folder / "watch"
        self.file = folder / "probe.jsonl"
        rows = [{"question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(ITEMS)]
        self.file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        self.said: list[str] = []
        self.args = RunArguments(models={SUBJECT: f"openai:sums@{server.url}"}, patience_seconds=0.2)

    def begin(self, *, spread: bool = False, **probe: object) -> Standing:
        asked = Probe(**({"task": str(self.file)} | probe))  # type: ignore[arg-type]
        return asyncio.run(begin_watch(self.folder, asked, self.args, 10, self.said.append, spread=spread))

    def look(self, *, gives_up: bool = False, args: RunArguments | None = None) -> Standing:
        args = args or replace(self.args, models={})
        return asyncio.run(look_again(self.folder, args, self.said.append, gives_up=gives_up))

    @property
    def asked(self) -> int:
        return sum(count for prompt, count in self.server.asked.items() if "+" in prompt)


@pytest.fixture
def watched(sums_server: SumsServer, tmp_path: Path) -> Watched:
    return Watched(sums_server, tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A watch with its baseline, made once: each test goes on with a copy."""
    with SumsServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEELYARD_KEY", str(tmp_path_factory.getbasetemp() / "no-key-here.pem"))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))
        one = Watched(server, tmp_path_factory.mktemp("made"))
        one.begin()
        yield one


@pytest.fixture
def begun(made: Watched, tmp_path: Path) -> Iterator[Watched]:
    """A copy of that watch; what its server was asked is counted from here."""
    one = copy(made)
    one.folder, one.said = tmp_path / "watch", []
    shutil.copytree(made.folder, one.folder)
    one.server.asked.clear()
    yield one
    one.server.status, one.server.name = (lambda prompt, times: 200), "sums"


@pytest.fixture
def all_wrong(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setattr(SumsServer, "is_wrong", staticmethod(lambda a, b: True))


class Cached(SumsServer):
    """A sampled endpoint, three answers in ten wrong; while ``keeps`` is set, a cache in front repeats the first."""

    def __init__(self) -> None:
        super().__init__()
        self.keeps, self.kept, self.random = True, dict[str, str](), random.Random(7)

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        numbers = [int(each) for each in re.findall(r"\d+", prompt)]
        fresh = str(sum(numbers) + (self.random.random() < 0.3)) if numbers else f"a town, {self.random.random()}"
        text = self.kept.setdefault(prompt, fresh) if self.keeps else fresh
        self.asked[prompt] += 1
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice]})


@pytest.fixture
def cached(tmp_path: Path) -> Iterator[Watched]:
    with Cached() as server:
        yield Watched(server, tmp_path)


def test_a_sampled_baseline_behind_a_cache_is_refused_before_a_sample(cached: Watched) -> None:
    with pytest.raises(InputError, match="as a cache does") as failed:
        cached.begin(temperature=0.7)
    assert "\n" not in str(failed.value)
    assert cached.asked == 0
    assert not cached.folder.exists()


def test_a_cache_that_comes_later_stops_looks_and_is_no_look(cached: Watched) -> None:
    assert isinstance(cached.server, Cached)
    cached.server.keeps = False
    assert cached.begin(temperature=0.7).word == "quiet"
    cached.server.keeps, before = True, cached.asked
    with pytest.raises(InputError, match="no sample was sent"):
        cached.look()
    assert cached.asked == before
    assert standing_of(open_log(cached.folder)).looks == ()
    cached.server.keeps = False
    assert len(cached.look().looks) == 1
    verify_watch(cached.folder)


def test_greedy_answers_that_repeat_are_one_pass(cached: Watched) -> None:
    """At temperature 0 a cache cannot be told from an endpoint that never varies."""
    baseline = cached.begin().baseline
    assert baseline is not None
    assert baseline.mean - baseline.bound / 10**6 > 2.26 * (0.02 / ITEMS) ** 0.5


def test_a_baseline_then_looks_then_an_alarm_that_stays(
    watched: Watched, all_wrong: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    standing = watched.begin()
    assert (standing.word, standing.exit, watched.asked) == ("quiet", ExitCode.CONSISTENT, 10 * ITEMS)
    assert "10 passes of 12 items, 120 calls; each look takes 12" in watched.said[0]
    assert watched.look().exit == ExitCode.CONSISTENT
    assert watched.asked == 11 * ITEMS
    known = SumsServer.is_wrong
    all_wrong()
    codes = [watched.look().exit for _ in range(20)]
    assert ExitCode.INCONSISTENT in codes
    monkeypatch.setattr(SumsServer, "is_wrong", staticmethod(known))
    assert watched.look().word == "alarm"


def test_a_spread_baseline_takes_one_pass_a_call(watched: Watched) -> None:
    assert watched.begin(spread=True).exit == ExitCode.UNDECIDED
    assert watched.asked == ITEMS
    for number in range(2, 10):
        assert watched.look().log.done == number
    assert watched.look().baseline is not None
    assert watched.asked == 10 * ITEMS
    assert watched.look().last is not None


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        ({"task": "no-such-task"}, "no-such-task"),
        ({"items": 5}, "--items takes a part of a suite"),
        ({"prompt": "x"}, "prompt format"),
    ],
)
def test_what_cannot_be_watched_leaves_nothing(watched: Watched, probe: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        watched.begin(**probe)
    assert not watched.folder.exists()


def test_a_baseline_has_ten_passes_and_an_empty_folder(watched: Watched) -> None:
    with pytest.raises(InputError, match="at least 10"):
        asyncio.run(begin_watch(watched.folder, Probe(task=str(watched.file)), watched.args, 9, watched.said.append))
    watched.folder.mkdir()
    (watched.folder / "x").touch()
    with pytest.raises(InputError, match="is not an empty folder"):
        watched.begin()


def test_a_baseline_without_a_right_answer_cannot_fall(watched: Watched, all_wrong: Callable[[], None]) -> None:
    all_wrong()
    with pytest.raises(InputError, match="begin another watch"):
        watched.begin()


def test_missing_answers_are_exit_4_and_what_an_outage_leaves_is_finished(begun: Watched) -> None:
    begun.server.status = lambda prompt, times: 400 if "What is 7 +" in prompt else 200
    standing = begun.look()
    assert (standing.exit, standing.word) == (ExitCode.PLAN_NOT_MET, "quiet")
    begun.server.status = lambda prompt, times: 401
    with pytest.raises(ModelUnavailable):
        begun.look()
    begun.server.status = lambda prompt, times: 200
    standing = begun.look()
    assert (standing.exit, standing.log.open) == (ExitCode.CONSISTENT, None)


def stop_after_begun(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look whose process dies right after its line is in the log."""

    class KilledError(Exception):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "create", killed)
        with pytest.raises(KilledError):
            watched.look()


def test_a_look_that_was_killed_is_finished_and_not_asked_twice(
    begun: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after_begun(begun, monkeypatch)
    assert open_log(begun.folder).open is not None
    assert begun.look().log.open is None
    assert len(open_log(begun.folder).of("look")) == 1
    assert begun.asked == ITEMS


def test_a_look_that_is_sealed_and_not_noted_is_noted(begun: Watched) -> None:
    begun.look()
    lines = (begun.folder / LOG).read_bytes().split(b"\n")
    (begun.folder / LOG).write_bytes(b"\n".join(lines[:-2]) + b"\n")
    assert open_log(begun.folder).open is not None
    assert begun.look().log.open is None
    assert begun.asked == ITEMS


def test_a_plan_that_was_sealed_right_before_a_crash_is_taken_up(
    begun: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after_begun(begun, monkeypatch)
    lines = (begun.folder / LOG).read_bytes().split(b"\n")
    (begun.folder / LOG).write_bytes(b"\n".join(lines[:-2]) + b"\n")
    assert open_log(begun.folder).open is None
    assert begun.look().last is not None
    assert begun.asked == ITEMS


def test_a_run_that_was_asked_beside_the_log_is_in_the_way(begun: Watched) -> None:
    begun.look()
    shutil.copytree(begun.folder / "looks/0001", begun.folder / "looks/0002")
    with pytest.raises(VerificationError, match="is in the way: the log knows nothing of it"):
        begun.look()


def test_a_look_whose_folder_is_gone_is_lost_and_named(begun: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_after_begun(begun, monkeypatch)
    shutil.rmtree(begun.folder / "looks/0001")
    standing = begun.look()
    assert [each.words for each in standing.lost] == ["look 1"]
    assert "look 1 is lost, and stays on record: its folder is gone" in begun.said
    assert standing.last is not None
    assert (standing.last.number, standing.exit) == (2, ExitCode.CONSISTENT)


def test_a_look_can_be_given_up_but_only_an_open_one(begun: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no pass is open"):
        begun.look(gives_up=True)
    stop_after_begun(begun, monkeypatch)
    standing = begun.look(gives_up=True)
    assert [each.lost for each in standing.looks] == ["gave_up", ""]


def test_other_questions_are_refused_before_anything_is_asked(begun: Watched) -> None:
    rows = begun.file.read_text().splitlines()
    begun.file.write_text("\n".join(rows[1:]) + "\n")
    before = begun.asked
    with pytest.raises(InputError, match="would ask otherwise than the baseline"):
        begun.look()
    assert begun.asked == before
    assert open_log(begun.folder).open is None
    assert not (begun.folder / "looks").exists()
    begun.file.write_text("\n".join(rows) + "\n")
    assert begun.look().exit == ExitCode.CONSISTENT


def test_another_address_is_refused_before_anything_connects(begun: Watched, tmp_path: Path) -> None:
    with SumsServer() as other:
        args = replace(begun.args, models={SUBJECT: f"openai:sums@{other.url}"})
        with pytest.raises(InputError, match="the plan is about"):
            begun.look(args=args)
        assert not other.asked
    named = replace(begun.args, models={SUBJECT: f"openai:other@{begun.server.url}"})
    with pytest.raises(InputError, match="the plan is about"):
        begun.look(args=named)


def test_another_served_name_is_a_remark_and_no_alarm(begun: Watched) -> None:
    begun.server.name = "sums-2"
    standing = begun.look()
    assert standing.exit == ExitCode.CONSISTENT
    assert standing.last is not None
    assert [each.kind for each in standing.last.changes if each.kind != "latency"] == ["served_name"]


def test_passes_are_signed_by_one_key_and_each_is_in_its_ledger(
    watched: Watched, key: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from steelyard.storage.run_folder import RunFolder

    watched.begin()
    watched.look()
    run = RunFolder.open(watched.folder / "looks/0001")
    assert run.plan.ledger is not None
    assert [each.number for each in run.plan.questions.values()] == [11]
    shutil.copytree(watched.folder, tmp_path / "copy")
    watched.look()  # taken back: the watch goes on from its copy
    shutil.rmtree(watched.folder)
    (tmp_path / "copy").rename(watched.folder)
    watched.look()
    found = verify_watch(watched.folder)
    assert (found.passes, found.in_ledger, found.earlier, found.between) == (12, True, 0, 1)
    assert found.signed_by
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "none.pem"))
    with pytest.raises(InputError, match="the plan is signed by key"):
        watched.look()


def test_a_watch_that_began_elsewhere_names_its_model_again(
    begun: Watched, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another-home"))
    with pytest.raises(InputError, match="name its model with --model"):
        begun.look()
    args = replace(begun.args, task_files=(begun.file,))
    assert begun.look(args=args).exit == ExitCode.CONSISTENT


# ── suites ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def suite(watched: Watched, tmp_path: Path) -> Path:
    from testkit.suite_files import suite_at

    items = [{"id": f"i{n}", "question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(40)]
    yaml = f"suite: tickets\nendpoints: ['{watched.server.url}']\n"
    return suite_at(tmp_path / "tickets", yaml, "".join(json.dumps(item) + "\n" for item in items))


def test_of_a_sealed_suite_some_released_items_are_asked_and_on_record(watched: Watched, suite: Path) -> None:
    from steelyard.suites.exposures import exposed_items, read_exposures
    from steelyard.suites.sealing import seal_suite
    from steelyard.tasks.suite_seal import parts_of
    from steelyard.tasks.suite_task import task_from_suite

    task = task_from_suite(suite)
    seal = seal_suite(task, None, None, "0.5", 2)
    watched.begin(task=str(suite), items=8)
    watched.look()
    assert len([prompt for prompt in watched.server.asked if "+" in prompt]) == 8
    (seen,) = exposed_items(read_exposures(suite)).values()
    assert set(seen) < parts_of(seal, task.rows.ids).released
    assert len(seen) == 8


def test_an_address_that_the_suite_does_not_name_gets_nothing(watched: Watched, suite: Path) -> None:
    with SumsServer() as other:
        watched.args = replace(watched.args, models={SUBJECT: f"openai:sums@{other.url}"})
        with pytest.raises(InputError, match="may not be shown to"):
            watched.begin(task=str(suite))
        assert not other.asked
    assert not watched.folder.exists()


def test_an_address_that_is_no_longer_named_gets_nothing_more(watched: Watched, suite: Path) -> None:
    watched.begin(task=str(suite), items=8)
    (suite / "suite.yaml").write_text("suite: tickets\nendpoints: ['https://elsewhere.example/v1']\n")
    before = watched.asked
    with pytest.raises(InputError, match="may not be shown to"):
        watched.look()
    assert watched.asked == before
    assert standing_of(open_log(watched.folder)).last is None


def test_a_pass_that_stopped_names_the_command_of_its_watch(begun: Watched, quick_retries: None) -> None:
    begun.server.status = lambda prompt, times: 503  # patience is .2 s
    with pytest.raises(ModelUnavailable, match=re.escape(f"go on with: steelyard watch look {begun.folder}") + "$"):
        begun.look()
