"""Keyword arguments → the plan's options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from steelyard.api.arguments import RunArguments
from steelyard.api.choices import AuditChoices, arguments_from, check_names, names_in
from steelyard.api.options import options_of
from steelyard.errors import InputError

URI = "openai:a@http://x"


def test_what_is_left_out_is_the_commands_default() -> None:
    assert arguments_from({}, URI) == RunArguments(models={"subject": URI})


def test_arguments_become_one_record(tmp_path: Path) -> None:
    given = {
        "limit": 5,
        "budget": "15m",
        "data": str(tmp_path),
        "task": "~/mine.yaml",
        "price": (0.15, 0.6),
        "max_cost": 2,
        "rpm": 60,
        "timeout": 30,
        "patience": 5,
        "progress": True,
    }
    args = arguments_from(given, URI)
    assert args == RunArguments(
        models={"subject": URI},
        limit=5,
        budget_seconds=900.0,
        data=tmp_path,
        task_files=(Path.home() / "mine.yaml",),
        price=(0.15, 0.6),
        max_cost=2,
        rpm=60,
        timeout=30,
        patience_seconds=5.0,
        shows_progress=True,
    )
    assert options_of(args).role_limits["subject"].cost == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"limit": 0}, "limit takes a whole number from 1 on, not 0"),
        ({"concurrency": 2000}, "concurrency takes a whole number from 1 to 1,000"),
        ({"timeout": True}, "timeout takes a number from 0.1 to 86,400"),
        ({"max_cost": 0}, "max_cost takes an amount above 0"),
        ({"price": (1,)}, "price takes two numbers"),
        ({"deadline": "soon"}, "deadline takes a duration"),
    ],
)
def test_values_that_cannot_be_used_are_named_as_in_python(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        arguments_from(given, URI)


def test_the_mirror_of_data_comes_from_the_environment_as_for_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_DATA", str(tmp_path))
    assert arguments_from({}, URI).data == tmp_path
    assert arguments_from({"data": Path("other")}, URI).data == Path("other")


def test_none_is_as_if_left_out_and_unknown_names_are_refused() -> None:
    assert check_names("audit", AuditChoices, {"limit": None, "rpm": 3}) == {"rpm": 3}
    with pytest.raises(TypeError, match=r"audit\(\) got an unexpected keyword argument 'repeats'"):
        check_names("audit", AuditChoices, {"repeats": 2})


def test_the_commands_names_and_the_older_ones_are_the_same() -> None:
    for one in ({"task": "a.yaml", "detect": "x"}, {"task_files": "a.yaml", "detect": "x"}):
        given = check_names("audit", AuditChoices, one)
        assert given == {"task": "a.yaml", "detect": "x"}
        assert arguments_from(given, URI).task_files == (Path("a.yaml"),)
    with pytest.raises(TypeError, match=r"audit\(\) got 'task' and 'task_files', which are the same: give 'task'"):
        check_names("audit", AuditChoices, {"task": "a", "task_files": "b"})


def test_one_name_is_not_its_letters() -> None:
    assert names_in("mine") == ("mine",)
    assert names_in(["a", "b"]) == ("a", "b")
    assert names_in(None) == ()


def test_an_unknown_name_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(TypeError, match=r"keyword argument 'limits'; did you mean 'limit'\?$"):
        check_names("audit", AuditChoices, {"limits": 2})
    with pytest.raises(TypeError, match=r"keyword argument 'xyz'; there are: .*task, .*detect"):
        check_names("audit", AuditChoices, {"xyz": 2})


def test_keys_are_named_by_role() -> None:
    assert arguments_from({}, URI).keys == {}
    assert arguments_from({"api_key_env": "KEY"}, URI).keys == {"subject": "KEY"}
    assert arguments_from({"api_key_env": {"judge": "KEY"}}, URI).keys == {"judge": "KEY"}
