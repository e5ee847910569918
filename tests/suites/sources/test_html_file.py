"""Tests for HTML."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.suites.sources import html_file
from steelyard.suites.sources.html_file import extract_html


def text_of(body: str) -> str:
    return extract_html(f"<!doctype html><html><head><title>t</title></head><body>{body}</body></html>".encode()).pages[
        0
    ]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<h1>Title</h1><p>One <b>bold</b>\n word &amp; more<br>line", "Title\n\nOne bold word & more\nline"),
        ("<ul><li>one<li>two</ul>after", "one\n\ntwo\n\nafter"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b\n\n1 | 2"),
        ("a<script>alert(1)</script><style>p{}</style><noscript>n</noscript>b", "ab"),
        ("a<!-- note --><template>t</template><textarea>x</textarea>b", "ab"),
        ("a<p hidden>no</p><p aria-hidden=true>no</p>b", "ab"),
        ("a<span style='color:red; DISPLAY : none'>no</span>b", "ab"),
        ("a<span style='visibility:hidden'>no</span><i style='font-size:0px'>no</i>b", "ab"),
        ("a<i style='opacity:0.5;font-size:0.9em'>yes</i>b", "ayesb"),
        ("<div style='display:none'><p>no<div>no</div></p></div><p>yes", "yes"),
    ],
)
def test_what_a_reader_sees(body: str, shown: str) -> None:
    assert text_of(body) == shown


def test_a_page_of_scripts_is_refused() -> None:
    with pytest.raises(InputError, match="holds no text"):
        text_of("<script>document.write('hello')</script>")


def test_a_page_of_too_many_elements_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_file, "MAX_NODES", 50)
    with pytest.raises(InputError, match="more than 50 elements"):
        text_of("<p>a" * 60)


def test_deep_nesting_is_walked_without_recursion() -> None:
    assert text_of("<div>" * 3000 + "deep") == "deep"


@given(st.text(alphabet="<>/!-pdivtable='\" ahs&;#x0\0\n", max_size=120))
def test_any_markup_is_read_or_refused(body: str) -> None:
    with contextlib.suppress(InputError):
        assert "\0" not in text_of(body)
