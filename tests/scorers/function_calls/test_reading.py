"""Reading calls: what the reference reads, in bounds, and nothing evaluated."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.scorers.function_calls.reading import (
    MAX_BRACKETS,
    MAX_CHARACTERS,
    NoCalls,
    Unsettled,
    block_in,
    calls_in,
)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("[f(a=1)]", [{"f": {"a": 1}}]),
        ("f(a=1), shop.g(b='x', c=[1, 2.5, None])", [{"f": {"a": 1}}, {"shop.g": {"b": "x", "c": [1, 2.5, None]}}]),
        ("```[f()]```", [{"f": {}}]),
        ("'[f(a={'k': (1, True)})]'", [{"f": {"a": {"k": (1, True)}}}]),
        ("[f(a=red, b=g(1), c=g(x=2), d=e[0], f=...)]",
         [{"f": {"a": "red", "b": "g(1)", "c": {"g": {"x": 2}}, "d": "e[0]", "f": "..."}}]),
        ("[f(1, 2, a=-3, b=2*3+1, c=2**8, d=7//2)]", [{"f": {"a": -3, "b": 7, "c": 256, "d": 3}}]),
        ("[f(**given)]", [{"f": {None: "given"}}]),
    ],
)  # fmt: skip
def test_calls(text: str, calls: list[dict[str, Any]]) -> None:
    assert calls_in(text) == calls


@pytest.mark.parametrize(
    "text",
    ["", "[]", "I cannot help with that.", "[f(a=1), 2]", "python\n[f(a=1)]", "[f(a=1)] Done.", "[{}]", "[f(a=b.c)]",
     "[f(a=x if y else z)]", "[f(a=[i for i in x])]", "[f(a=-'x')]", "[f(a={[1]: 2})]", "[f(a=1/0)]", "[f(a=1]",
     "f(a=1)\x00", "[f(a=lambda: 1)]", "[f(a=f'{x}')]", "[*f(a=1)]"],
)  # fmt: skip
def test_no_calls(text: str) -> None:
    with pytest.raises(NoCalls):
        calls_in(text)


@pytest.mark.parametrize("text", ["[f(a=1),\ng(b=2)]", "```[\nf(a=1),\ng(b=2)\n]```"])
def test_what_version_4_alone_reads_is_not_settled(text: str) -> None:
    with pytest.raises(Unsettled, match="version 4"):
        calls_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "[f(a=__import__('os').getpid() + 1)]",
        "[f(a=9**9**9)]",
        "[f(a='x' * 10**9)]",
        "[f(a=2**100000)]",
        f"[f(a={'(' * (MAX_BRACKETS + 1)}1{')' * (MAX_BRACKETS + 1)})]",
        f"[f(a={'-' * 100_000}1)]"[: MAX_CHARACTERS - 2],
        f"[f(a={'1+' * 1500}1)]",
        f"[f(a={'not ' * 3000}1)]",
        f"[f(a='{'x' * MAX_CHARACTERS}')]",
        f"[f(a=x{'.y' * 3000})]",
    ],
)
def test_hostile_texts_are_neither(text: str) -> None:
    with pytest.raises(Unsettled):
        calls_in(text)


def test_code_is_a_text_and_is_never_run() -> None:
    assert calls_in("[f(a=exit(), b=[open('x')][0])]") == [{"f": {"a": "exit()", "b": "[open('x')][0]"}}]


def test_a_models_escapes_warn_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert calls_in(r"[f(a='\d')]") == [{"f": {"a": r"\d"}}]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**30) | st.text(max_size=8) | st.floats(0, 1e6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.from_regex(r"[a-e]{1,3}", fullmatch=True), VALUES, max_size=3), min_size=1, max_size=3)
)
def test_what_is_written_as_python_is_read_again(calls: list[dict[str, Any]]) -> None:
    # A keyword of Python would be no name; these letters make none but "a" to "eee".
    text = ", ".join(f"call({', '.join(f'x{name}={value!r}' for name, value in each.items())})" for each in calls)
    assert calls_in(f"[{text}]") == [{"call": {f"x{name}": value for name, value in each.items()}} for each in calls]


@given(st.text(alphabet="[](){}fab=,'\"1-+*. \n\\`:", max_size=60))
def test_any_text_is_calls_or_not(text: str) -> None:
    with suppress(NoCalls, Unsettled):
        assert isinstance(calls_in(text), list)


def test_what_stands_in_a_marked_block() -> None:
    assert block_in("```python\n[f(a=1)]\n```") == "[f(a=1)]\n"
    assert block_in("```json [f(a=1)]") == "[f(a=1)]"
    for other in ("[f(a=1)]", "```\n[f(a=1)]\n```", "It is\n```python\n[f()]\n```", "```python" + " " * MAX_CHARACTERS):
        assert block_in(other) is None
