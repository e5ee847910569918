"""The reference is current: commands from ``--help``, the HTTP API from its document, names from ``__all__``."""

from __future__ import annotations

import re

import steelyard
from steelyard import plugins
from steelyard.models.address import PROVIDERS
from testkit.repository import ROOT
from tools import api_page, rates_table
from tools.commands_page import PAGE, page


def test_the_page_of_commands_is_what_help_says_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tools.commands_page"


def test_the_page_of_the_http_api_is_what_its_document_says_now() -> None:
    assert api_page.PAGE.read_text(encoding="utf-8") == api_page.page(), "run: python -m tools.api_page"


def test_the_table_of_measured_false_alarms_is_what_reports_quote() -> None:
    section = rates_table.PAGE.read_text(encoding="utf-8").partition(f"<!-- {rates_table.SECTION} -->\n")[2]
    assert section.startswith(rates_table.table()), "run: python -m tools.rates_table"


def test_every_public_name_is_on_the_page_of_python() -> None:
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^::: (\S+)$", text, re.MULTILINE))
    public = {f"steelyard.{name}" for name in steelyard.__all__ if name != "__version__"}
    own = {name for name in plugins.__all__ if name[0].isupper() and name != "GROUP"}
    protocols = {f"steelyard.plugins.{name}" for name in own - set(steelyard.__all__)}
    assert public | protocols <= shown, f"missing on docs/reference/api.md: {sorted((public | protocols) - shown)}"


def test_the_page_of_providers_names_every_kind_and_its_variables() -> None:
    page = (ROOT / "docs" / "how-to" / "providers.md").read_text(encoding="utf-8")
    for kind, provider in PROVIDERS.items():
        assert f"`{kind}:" in page
        assert provider.key_variable in page
        assert provider.base_variable in page


def test_readme_names_every_variable_that_is_read() -> None:
    named = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "src").rglob("*.py"):
        for variable in re.findall(r"\b(?:STEELYARD|OPENAI)_[A-Z_]+\b", path.read_text(encoding="utf-8")):
            assert variable in named, (variable, path)
