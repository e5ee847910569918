"""``steelyard judge``: a run's name needs no command before it."""

from __future__ import annotations

import pytest

from steelyard.cli import execute


@pytest.mark.parametrize("arguments", [["judge", "nothing"], ["judge", "run", "nothing"]])
def test_a_runs_name_needs_no_command_before_it(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert execute([*arguments, "--model", "judge=embedded:smollm2"]) == 2
    assert "is not the folder of a run" in capsys.readouterr().err


def test_alone_it_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["judge"]) == 2
    assert "calibrate" in capsys.readouterr().err


def test_the_help_names_what_a_judge_is_asked_with_and_no_option_about_samples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert execute(["judge", "run", "--help"]) == 0
    printed = capsys.readouterr().out
    for option in ("--rubric", "--pairwise", "--checks", "--attacks", "--concurrency", "--key"):
        assert option in printed
    for option in ("--question", "--limit", "--scorer", "--with-texts"):
        assert option not in printed
