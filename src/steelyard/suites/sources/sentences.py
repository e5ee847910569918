"""Where sentences of a text begin and end, in English, German and alike; by rules, not by meaning."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["paragraphs", "sentences"]

Spans = list[tuple[int, int]]

_PARAGRAPH_END: Final = re.compile(r"\n[ ]*\n\s*")
_END: Final = re.compile(r"[.!?…]+[\"'”’»“)\]]{0,3}(?=\s)|[。！？]|\n")
_BEFORE: Final = 24  # characters before a full stop that are looked at
_SHORTENED: Final = """
mr mrs ms dr prof st vs etc e.g i.e fig figs eq no nos vol pp p ed eds al inc ltd co corp jan feb mar apr jun jul aug
sep sept oct nov dec approx dept u.s u.k a.m p.m cf ca
z.b d.h u.a bzw usw evtl ggf inkl exkl bspw vgl nr abs art str hr fr tel mio mrd abb tab bd hrsg jh max min s o.ä u.ä
i.d.r zzgl sog geb gest dipl ing bzgl
"""
_ABBREVIATIONS: Final = frozenset(_SHORTENED.split())


def paragraphs(text: str) -> Spans:
    """The places of paragraphs, without the blank lines between them and white space at their ends."""
    spans, start = [], 0
    for found in _PARAGRAPH_END.finditer(text):
        spans.append((start, found.start()))
        start = found.end()
    return _tidied(text, [*spans, (start, len(text))])


def sentences(text: str, start: int = 0, end: int | None = None) -> Spans:
    """The places of sentences between ``start`` and ``end``; a line end ends one too.

    A full stop after an abbreviation, an initial or a number of a list or day (*3. Mai*) ends none.
    """
    last = len(text) if end is None else end
    spans, begin = [], start
    for found in _END.finditer(text, start, last):
        if found[0][0] in ".!?…" and not _ends(text, found.start(), found.end()):
            continue
        spans.append((begin, found.end()))
        begin = found.end()
    return _tidied(text, [*spans, (begin, last)])


def _ends(text: str, stop: int, after: int) -> bool:
    """Whether the mark at ``stop`` ends a sentence: not before a small letter, a full stop not after some words."""
    word = text[max(0, stop - _BEFORE) : stop].rpartition(" ")[2].rpartition("\n")[2].lstrip("(\"'„“«[")
    following = text[after : after + _BEFORE].lstrip()[:1]
    if following.islower():
        return False
    if text[stop] != "." or text[stop + 1 : stop + 2] == ".":
        return True
    if word.isdecimal() and len(word) <= 2:  # "am 3. Mai", "1. Open the lid."
        return False
    if len(word) == 1 and word.isalpha():
        return False
    return word.casefold() not in _ABBREVIATIONS


def _tidied(text: str, spans: Spans) -> Spans:
    """The spans without white space at their ends, and without those that are empty."""
    tidied = []
    for start, end in spans:
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end:
            tidied.append((start, end))
    return tidied
