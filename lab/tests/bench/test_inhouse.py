"""The command that prints the error rates of in-house testing, on few runs."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from bench.inhouse.__main__ import PARTS, main, write_reports
from bench.inhouse.table import Printed, command, share
from steelyard.reports.measured_rates import MeasuredRates, measured_rates


def test_a_share_has_its_interval() -> None:
    assert share(0, 100) == ".000 [.000, .036]"


def test_a_table_is_markdown() -> None:
    assert str(Printed("Title.", ("what", "n"), [("a", "1")])) == "Title.\n\n| what | n |\n|---|--:|\n| a | 1 |\n"


def test_a_table_names_the_command_with_what_its_numbers_depend_on() -> None:
    @click.command()
    @click.option("--panels", default=1000)
    @click.option("--peer", "with_peer", is_flag=True)
    @click.option("--markdown")
    def print_it(**_: object) -> None:
        click.echo(command("bench.panel"))

    def printed(*given: str) -> str:
        return CliRunner().invoke(print_it, given).output

    assert printed() == "`python -m bench.panel`\n"
    assert printed("--panels", "300", "--peer", "--markdown", "x") == "`python -m bench.panel --panels 300 --peer`\n"
    assert command("bench.panel") == "`python -m bench.panel`"


def test_what_reports_show_of_the_leak_check_is_of_both_of_its_tests(tmp_path: Path) -> None:
    path = tmp_path / "rates.json"
    path.write_bytes(msgspec.json.encode(measured_rates()))
    write_reports(20, path)
    (leak,) = [
        each
        for rule, each in msgspec.json.decode(path.read_bytes(), type=MeasuredRates).elsewhere.items()
        if rule.startswith("leak@")
    ]
    assert leak.rate.tests == 3 * 20 + 1 + 5 * 20


def test_a_part_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["weather"])
    assert "invalid choice" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_each_part_prints_its_tables(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([part, "--runs", "1"])
    printed = capsys.readouterr().out
    assert printed.startswith(f"## {part}: 20")
    assert printed.count("|---|") >= 1
