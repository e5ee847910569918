"""Keyword arguments → the plan's options."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.api.choices import AuditChoices, check_names, keys_by_role, options_from
from steelyard.planning.options import Options


def test_what_is_left_out_is_the_commands_default() -> None:
    assert options_from({}, {}) == Options()


def test_arguments_become_options(tmp_path: Path) -> None:
    given = {
        "tolerance": 0.7,
        "limit": 5,
        "budget": "15m",
        "data": str(tmp_path),
        "task_files": "~/mine.yaml",
        "price": (0.15, 0.6),
        "max_cost": 2,
        "rpm": 60,
        "timeout": 30,
        "detectors": ["mine"],
    }
    options = options_from(given, {"subject": "openai:a@http://x"})
    assert (options.tolerance, options.limit, options.budget_seconds) == ("0.7", 5, 900)
    assert options.data == tmp_path
    assert options.task_files == (Path.home() / "mine.yaml",)
    limits = options.role_limits["subject"]
    assert (limits.price_prompt, limits.price_completion, limits.cost) == (0.15, 0.6, 2)
    assert (limits.requests_per_minute, options.attempt_timeout) == (60, 30.0)
    assert options.detectors == ("mine",)


def test_the_mirror_of_data_comes_from_the_environment_as_for_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_DATA", str(tmp_path))
    assert options_from({}, {}).data == tmp_path
    assert options_from({"data": Path("other")}, {}).data == Path("other")


def test_prices_of_a_table_are_looked_up_by_role(tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text("a: {prompt: 1, completion: 2}\nb: {prompt: 3, completion: 4}\n")
    uris = {"subject": "openai:a@http://x", "judge": "openai:b@http://x"}
    limits = options_from({"prices": str(table)}, uris).role_limits
    assert {role: each.price_completion for role, each in limits.items()} == {"subject": 2.0, "judge": 4.0}


def test_none_is_as_if_left_out_and_unknown_names_are_refused() -> None:
    assert check_names("audit", AuditChoices, {"limit": None, "rpm": 3}) == {"rpm": 3}
    with pytest.raises(TypeError, match=r"audit\(\) got an unexpected keyword argument 'repeats'"):
        check_names("audit", AuditChoices, {"repeats": 2})


def test_keys_are_named_by_role() -> None:
    assert keys_by_role({}) == {}
    assert keys_by_role({"api_key_env": "KEY"}) == {"subject": "KEY"}
    assert keys_by_role({"api_key_env": {"judge": "KEY"}}) == {"judge": "KEY"}
