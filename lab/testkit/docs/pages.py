"""The pages that readers see, and their fenced blocks.

A comment right above a block says how it is tested::

    <!-- not run: needs an endpoint -->   the commands are parsed, not run
    <!-- exit: 1 -->                      the exit code of the last command (default: 0)
    <!-- slow -->                         run by a slow test
    <!-- numbers vary -->                 each number stands for any number
    <!-- file: examples/embedded.yaml --> the block is that file, or a part of it
    <!-- write: questions.jsonl -->       the block becomes this file, for the commands below it
    <!-- part of: task -->                YAML that is not a whole claim sheet or task
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sybil import Document, Region, Sybil
from sybil.example import Example
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

from testkit.repository import ROOT

_LEXER = RawFencedCodeBlockLexer(re.compile(r"(?P<language>[^\n]*)\n"))
_MARKER = re.compile(r"<!-- (not run|exit|slow|numbers vary|write|file|part of)(?:: (.*?))? -->\s*")
_COMMENTS = re.compile(r"(?:<!-- [^\n]*? -->\s*)+\Z")


class Block(NamedTuple):
    """One fenced block: where it is, its language, its text and what the comments above it say."""

    path: Path
    line: int
    language: str
    source: str
    markers: dict[str, str]

    @property
    def place(self) -> str:
        """``docs/page.md:12``."""
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """README and every page of the docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    return [_block(path, example) for example in Sybil([_parse], path=str(ROOT)).parse(path).examples()]


def _parse(document: Document) -> Iterable[Region]:
    for region in _LEXER(document):
        region.parsed = str(region.lexemes["source"])
        region.evaluator = None
        yield region


def _block(path: Path, example: Example) -> Block:
    above = _COMMENTS.search(example.document.text, 0, example.region.start)
    markers = {name: value or "" for name, value in _MARKER.findall(above[0])} if above else {}
    language = str(example.region.lexemes["language"]).strip()
    return Block(path, example.line, language, str(example.parsed), markers)
