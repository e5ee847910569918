"""``steelyard.gate`` from Python: the same gate as the command's."""

from __future__ import annotations

from pathlib import Path

import pytest

import steelyard
from steelyard.api.gates import share_text
from steelyard.errors import InputError
from testkit.fixtures import SumsServer


def test_shares_are_read_as_people_write_them() -> None:
    assert [share_text(text, "--at-least") for text in ("85%", "0.85", "7 %", "12.5%")] == [
        "0.85",
        "0.85",
        "0.07",
        "0.125",
    ]
    for text in ("x%", "0", "1.5", "150%", "85", "nan%", "1e-1"):
        with pytest.raises(InputError, match=r"--at-least .*: it is above 0 and at most 1"):
            share_text(text, "--at-least")


def test_a_gate_from_python(sums_server: SumsServer, sums_file: tuple[Path, float], tmp_path: Path) -> None:
    model = f"openai:sums@{sums_server.url}"
    green = steelyard.gate(sums_file[0], model=model, at_least=0.65, out=tmp_path / "green")
    assert int(green.exit_code) == 0
    assert "green: sums ≥ 65 %" in repr(green)
    assert steelyard.verify(tmp_path / "green").holds
    red = steelyard.gate(sums_file[0], model=model, at_least="95%", family=20, out=tmp_path / "red")
    assert int(red.exit_code) == 1


def test_what_cannot_be_is_refused(sums_server: SumsServer, sums_file: tuple[Path, float], tmp_path: Path) -> None:
    model = f"openai:sums@{sums_server.url}"
    with pytest.raises(InputError, match="at most 1"):
        steelyard.gate(sums_file[0], model=model, at_least=85, out=tmp_path / "r")
    with pytest.raises(InputError, match="--family 0"):
        steelyard.gate(sums_file[0], model=model, at_least=0.5, family=0, out=tmp_path / "r")
    with pytest.raises(TypeError, match="repeats"):
        steelyard.gate(sums_file[0], model=model, at_least=0.5, repeats=3)
    with pytest.raises(TypeError, match="did you mean 'limit'"):
        steelyard.gate(sums_file[0], model=model, at_least=0.5, limits=3)  # type: ignore[call-arg]
