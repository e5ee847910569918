"""Options that several commands share: one record of all values."""

from __future__ import annotations

from dataclasses import fields

import click

from steelyard.cli.options import RunArguments, asking_options


def test_run_arguments_has_a_field_for_every_option() -> None:
    @click.command()
    @asking_options
    def command() -> None: ...

    assert {field.name for field in fields(RunArguments) if field.init} == {
        parameter.name for parameter in command.params
    }
