"""Options that several commands share: how their values become one record."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click
import pytest

from steelyard.api.arguments import RunArguments
from steelyard.cli.audit import command as audit_command
from steelyard.cli.options import as_references, asking_options, run_arguments, with_subject
from steelyard.errors import InputError

URI = "openai:a@http://x"

# An option whose value is read has another name in the record.
READ = {
    "uri": "models",
    "api_key_env": "keys",
    "budget": "budget_seconds",
    "deadline": "ends_at",
    "patience": "patience_seconds",
    **dict.fromkeys(("question", "answer", "sheet_name", "instruction", "choices", "skip_empty"), "own_files"),
}


def test_the_record_has_a_field_for_every_option() -> None:
    @click.command()
    @asking_options
    def command() -> None: ...

    options = {parameter.name or "" for parameter in command.params}
    about_the_process, of_an_audit = (
        {"shows_progress", "owns_process", "usual_keys", "api_keys", "socket_factory"},
        {"accept_model", "allow_part", "batch", "batch_growth", "task_files"},
    )
    assert {READ.get(name, name) for name in options - {"system"}} == {
        field.name for field in fields(RunArguments)
    } - about_the_process - of_an_audit
    assert of_an_audit <= {parameter.name for parameter in audit_command.params}


def test_values_are_read(tmp_path: Path) -> None:
    args = run_arguments(
        uri=(URI, "reference=openai:b@http://x"), api_key_env=("KEY",), budget="15m", patience="10m", price="1,2", rpm=3
    )
    assert args == RunArguments(
        models={"subject": URI, "reference": "openai:b@http://x"},
        keys={"subject": "KEY"},
        budget_seconds=900.0,
        patience_seconds=600.0,
        price=(1.0, 2.0),
        rpm=3,
        shows_progress=True,
        owns_process=True,
    )


def test_what_cannot_be_used_is_named_by_its_option() -> None:
    with pytest.raises(InputError, match="--workers needs --ray"):
        run_arguments(uri=(URI,), workers=2)
    with pytest.raises(InputError, match="--deadline takes a duration"):
        run_arguments(uri=(URI,), deadline="soon")
    with pytest.raises(InputError, match="--price takes two numbers"):
        run_arguments(uri=(URI,), price="1")
    with pytest.raises(InputError, match="--model is given twice for the role subject"):
        run_arguments(uri=(URI, URI))
    with pytest.raises(InputError, match="no model under test is given"):
        with_subject(run_arguments(uri=(f"reference={URI}",)))


def test_a_reference_that_is_given_again_is_another_file_that_may_be_served() -> None:
    values = ("openai:m@http://h/v1", "reference=gguf:a.gguf", "judge=x:y", "reference=gguf:b.gguf")
    assert as_references(values) == (values[0], values[1], values[2], "reference-2=gguf:b.gguf")
    with pytest.raises(InputError, match="at most 9 files"):
        as_references(("reference=gguf:a.gguf",) * 10)
