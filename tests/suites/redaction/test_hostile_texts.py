"""Texts that patterns stumble over, again and again, up to a megabyte: redaction stays linear."""

from __future__ import annotations

import subprocess
import sys

import pytest

from steelyard.suites.redaction.diff import as_plain, changes
from steelyard.suites.redaction.redactor import Placeholders, redact

# One text at a time takes two to five seconds of CPU for a megabyte. One that is quadratic would need an hour: a key's
# prefix, which was looked at from every place on to the end, took 9 s for 50,000 characters.
OUTER_SECONDS = 1_800

# What each pattern could stumble over, and how often it fits into a text.
HOSTILE = [
    "a",
    "@",
    "a@",
    "a" * 63 + "@",
    "a@b.",
    "1",
    "1 ",
    "123 ",
    "4111 ",
    "1.",
    "1:",
    "f:",
    "DE89 ",
    "IBAN ",
    "+",
    "+1 ",
    "0049",
    "219-09-",
    "1.1.1.",
    "password: ",
    "password is ",
    "password for the ",
    "pin 1",
    "-u a:",
    'password="',
    "api key='",
    "secret_",
    "key ",
    "key aB3xY9kQ2mN8pR5t ",
    "bearer ",
    "tel ",
    "tel.:",
    "eyJ",
    "eyJaaaaaaaa.",
    "-eyJaaaaaaaa",
    "sk-",
    "://",
    "http://a:b@",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\n" + "A" * 64 + "\n",
    "PuTTY-User-Key-File-2:\nA\n",
    "\\n",
    "aA",
    "é",
    "\u200b",
    " ",
    "\n",
    '"',
    "a (at) b",
    "[EMAIL_1]",
    "anna@example.de ",
]

TRY = """
import sys
from steelyard.suites.redaction.redactor import find
from tests.suites.redaction.test_hostile_texts import HOSTILE
for fragment in HOSTILE:
    find(fragment * (int(sys.argv[1]) // len(fragment)) + chr(0))
    print(repr(fragment), flush=True)
"""


@pytest.mark.parametrize("size", [10_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_no_rule_is_worse_than_linear(size: int) -> None:
    done = subprocess.run([sys.executable, "-c", TRY, str(size)], capture_output=True, text=True, timeout=OUTER_SECONDS)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(HOSTILE)


@pytest.mark.parametrize(
    "fragment", ["anna@example.de ", "password: x9y ", "4111 1111 1111 1111\n", "[EMAIL_1] 1@a.de "]
)
def test_a_text_full_of_hits_is_replaced_and_shown(fragment: str) -> None:
    text = fragment * 3_000
    found = redact(text, Placeholders())
    assert len(found.hits) == 3_000
    assert len(as_plain(changes(text, found), limit=5).splitlines()) == 16
