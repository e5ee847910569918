"""Tests for the process that reads a file."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from steelyard.errors import InputError, MissingDependency
from steelyard.suites.sources.isolation import extract_isolated
from testkit.made_files import docx_bytes, pdf_bytes

LINE = "A line of text that is long enough."


def test_a_process_reads_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert extract_isolated("pdf", pdf_bytes([[LINE]]), "a.pdf").pages == (LINE,)
    assert extract_isolated("docx", docx_bytes([LINE]), "a.docx").pages == (LINE,)
    with pytest.raises(InputError, match=r"\Aa\.pdf: has a password"):
        extract_isolated("pdf", pdf_bytes([[LINE]], encrypted=True), "a.pdf")


def test_text_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert extract_isolated("text", LINE.encode(), "a.txt").pages == (LINE,)
    with pytest.raises(InputError, match=r"\Aa\.txt: is no text"):
        extract_isolated("text", b"\0", "a.txt")


def test_a_file_that_is_made_to_be_slow() -> None:
    """lexbor takes time by the square of the depth: this one takes minutes."""
    with pytest.raises(InputError, match=r"deep\.html: takes more than 1 seconds"):
        extract_isolated("html", b"<div>" * 200_000 + b"x", "deep.html", cpu_seconds=1)


def worker(code: str) -> Callable[..., Any]:
    """subprocess.run, for another program in place of ours."""
    run = subprocess.run

    def replaced(command: list[str], **options: Any) -> Any:
        return run([command[0], "-c", code], **options)

    return replaced


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os; os.abort()", "the parser crashed"),
        ("print('no JSON')", "the parser crashed"),
        ("print('{\"pages\": [1]}')", "the parser crashed"),
        ("import time; time.sleep(60)", "takes more than 0.02 seconds"),
    ],
)
def test_a_process_that_goes_wrong(code: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", worker(code))
    seconds: Any = 0.02 if "sleep" in code else 5
    with pytest.raises(InputError, match=message):
        extract_isolated("pdf", b"", "a.pdf", cpu_seconds=seconds)


def test_it_sees_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    code = "import os; print('{\"problem\": \"' + str(any('KEY' in name for name in os.environ)) + '\"}')"
    monkeypatch.setattr(subprocess, "run", worker(code))
    with pytest.raises(InputError, match="False"):
        extract_isolated("pdf", b"", "a.pdf")


def test_a_parser_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pypdfium2" else found(name))
    with pytest.raises(MissingDependency, match=r"pip install 'steelyard\[suites\]'"):
        extract_isolated("pdf", b"", "a.pdf")
