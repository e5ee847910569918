"""Commands are imported when they are called, and listed without any import."""

from __future__ import annotations

import sys

import click
import pytest
from click.testing import CliRunner

from steelyard.cli.lazy_group import LazyGroup


@pytest.fixture
def group() -> LazyGroup:
    return LazyGroup("top", package="steelyard.cli", summaries={"model": "fetch the model", "import": "import a log"})


def test_help_imports_no_command(group: LazyGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "steelyard.cli.model", raising=False)
    printed = CliRunner().invoke(group, ["--help"]).output
    assert printed.index("import a log") < printed.index("fetch the model")
    assert "steelyard.cli.model" not in sys.modules


def test_a_command_is_found_by_its_module(group: LazyGroup) -> None:
    context = click.Context(group)
    assert group.list_commands(context) == ["import", "model"]
    model, keyword = group.get_command(context, "model"), group.get_command(context, "import")
    assert model is not None
    assert keyword is not None
    assert group.get_command(context, "options") is None
