"""HTML: what a browser shows, as paragraphs; without scripts, styles, forms and hidden elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.suites.sources.document import Extracted
from steelyard.suites.sources.page_text import plain_text
from steelyard.suites.sources.text_file import bounded, decoded

__all__ = ["extract_html"]

MAX_NODES: Final = 2_000_000
_NOT_TEXT: Final = """
head script style noscript template svg math iframe object embed canvas audio video select textarea datalist input
button dialog
"""
_ON_LINES_OF_THEIR_OWN: Final = """
address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5
h6 header hr html legend li main nav ol p pre section summary table tbody tfoot thead tr ul
"""
_LEFT_OUT: Final = frozenset(_NOT_TEXT.split())
_BLOCKS: Final = frozenset(_ON_LINES_OF_THEIR_OWN.split())
_CELLS: Final = frozenset(("td", "th"))
_HIDING: Final = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|opacity:0(?:\.0+)?(?:;|!|\Z)|font-size:0(?:[a-z%]*)(?:;|!|\Z)"
)
_WHITE: Final = re.compile(r"\s+")
_MAX_STYLE: Final = 2_000  # characters of a style that are looked at


def extract_html(data: bytes) -> Extracted:
    """The text of a page. Raises InputError for one without text, or with too much."""
    from selectolax.lexbor import LexborHTMLParser

    root = LexborHTMLParser(decoded(data, named=True).replace("\0", "")).root
    text = plain_text("".join(_pieces(root))) if root is not None else ""
    if not any(map(str.isalpha, text)):
        raise InputError("holds no text: does a script write it?")
    return Extracted(pages=(bounded(text),))


def _pieces(root: Any) -> Iterator[str]:
    """Texts and line ends in the order of the page; a walk without recursion, however deep it is nested."""
    node, entering, seen, pre = root, True, 0, 0
    while True:
        if entering:
            seen += 1
            if seen > MAX_NODES:
                raise InputError(f"has more than {MAX_NODES:,} elements and texts: split it into several files")
            if node.tag == "-text":
                content = node.text_content or ""
                yield content if pre else _WHITE.sub(" ", content)
            elif not _is_left_out(node):
                pre += node.tag == "pre"
                yield _before(node.tag)
                if node.child is not None:
                    node = node.child
                    continue
                yield from _leave(node)
                pre -= node.tag == "pre"
        else:
            yield from _leave(node)
            pre -= node.tag == "pre"
        if node is root or node.parent is None or node.mem_id == root.mem_id:
            return
        following = node.next
        node, entering = (following, True) if following is not None else (node.parent, False)


def _before(tag: str) -> str:
    return "\n\n" if tag in _BLOCKS else "\n" if tag == "br" else ""


def _leave(node: Any) -> Iterator[str]:
    if node.tag in _BLOCKS:
        yield "\n\n"
    elif node.tag in _CELLS and node.next is not None:
        yield " | "


def _is_left_out(node: Any) -> bool:
    tag = node.tag
    if tag.startswith(("-", "!", "_")) and tag != "-text":
        return tag not in ("-document", "#document")
    if tag in _LEFT_OUT:
        return True
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or str(attributes.get("aria-hidden")).casefold() == "true":
        return True
    style = attributes.get("style")
    return bool(style and _HIDING.search(_WHITE.sub("", style[:_MAX_STYLE]).casefold()))
