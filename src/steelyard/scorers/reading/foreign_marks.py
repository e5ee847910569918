"""Marks around an answer that are no part of it and that no scorer knows: GLM's box, 【答案】, citations ``[1][2]``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from steelyard.records import Score

__all__ = ["score_without_marks", "without_citations"]

_OPENED, _CLOSED = "<|begin_of_box|>", "<|end_of_box|>"
_BOX: Final = re.compile(rf"{re.escape(_OPENED)}(.*?){re.escape(_CLOSED)}", re.DOTALL)
# Hunyuan's and ERNIE's, behind their reasoning.
_WRAPPED: Final = re.compile(r"\s*<(answer|response)>(.*)</\1>\s*", re.DOTALL)
_LABEL: Final = re.compile(r"【(?:最终|正确)?答案】[:：]?")
_CITED: Final = re.compile(r"(?<=[\w.,!?;%)}$`\"'”。，])(\*{0,3})(?:\[[0-9]{1,2}\])+(?=[\s.,;:!?*_。，]|\Z)")


def without_citations(text: str) -> str:
    """A text without numbers in square brackets right behind a word, a number or a full stop: *Paris.[1][2]*."""
    return _CITED.sub(r"\1", text)


def score_without_marks(
    text: str, target: str, read: Callable[[str], Score], *, reads_answers: bool, gives_shares: bool, reasoned: bool
) -> Score:
    """The score of a text by ``read``, where marks around the answer neither make it wrong nor leave it open.

    What a model's box holds is its answer. Where a scorer ``reads_answers``, it is told so by tags that it knows; for
    any other the box's marks are left out, as most servers do, and what is open then is read behind "Answer:". Where
    two readings contradict one another, the text is open. ``reasoned``: the text stands behind reasoning, so that tags
    around all of it are a mark, too. What is open is read again without citations, and with 【答案】 as a known mark.
    """
    found = _of_box(text, read, reads_answers=reads_answers, gives_shares=gives_shares, reasoned=reasoned)
    if found.value is not None or not reads_answers:
        return found
    plain = _LABEL.sub("答案：", text if "[" in target else without_citations(text))
    if plain == text:
        return found
    again = _of_box(plain, read, reads_answers=True, gives_shares=gives_shares, reasoned=reasoned)
    return found if again.value is None else again


def _of_box(
    text: str, read: Callable[[str], Score], *, reads_answers: bool, gives_shares: bool, reasoned: bool
) -> Score:
    plain = _BOX.sub(r"\1", text)
    if reasoned and (wrapped := _WRAPPED.fullmatch(plain)):
        plain = wrapped[2]
    if plain == text:
        return read(text)
    if gives_shares or not reads_answers:
        found = read(plain)
        if found.value is not None or gives_shares or not _BOX.search(text):
            return found
        again = read(_BOX.sub(r"\nAnswer: \1\n", text))
        return found if again.value is None else again
    marked, bare = read(_BOX.sub(r"<answer>\1</answer>", text)), read(plain)
    if marked.value == 1 or (marked.value == 0 and bare.value != 1):
        return marked
    if bare.value == 1 and plain == text.strip().removeprefix(_OPENED).removesuffix(_CLOSED):
        return bare
    return Score(value=None, note=marked.note or bare.note or "what is in the box and what is beside it differ")
