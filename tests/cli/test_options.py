"""Options that several commands share: durations, the signer, and one record of all values."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click
import pytest

from steelyard.cli.options import RunArguments, asking_options, read_duration, signer_at
from steelyard.errors import InputError


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1.5", 1.5), (None, None)])
def test_durations(text: str | None, seconds: float | None) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-1s", "2d", "1e9", "9" * 12 + "h"])
def test_what_is_not_a_duration_is_refused_by_the_options_name(text: str) -> None:
    with pytest.raises(InputError, match="--deadline takes a duration such as 90s, 15m or 2h"):
        read_duration(text, "--deadline")


def test_without_a_key_a_run_stays_unsigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "key.pem"))
    assert signer_at(None) is None
    with pytest.raises(InputError, match="no key is here"):
        signer_at(tmp_path / "key.pem")


def test_run_arguments_has_a_field_for_every_option() -> None:
    @click.command()
    @asking_options
    def command() -> None: ...

    assert {field.name for field in fields(RunArguments) if field.init} == {
        parameter.name for parameter in command.params
    }
