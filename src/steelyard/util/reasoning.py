"""Reasoning that a model writes into its output before the answer: the split of such a text, by a list of tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["has_reasoning_tags", "opening_at_end", "split_reasoning", "without_ending"]

# Opening and closing tag of each dialect; letters in any case.
TAGS: Final = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    # Harmony: every channel before "final" is reasoning.
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<|channel|>commentary<|message|>", "<|channel|>final<|message|>"),
    ("<|start|>assistant<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    # Apriel's: words that any text may begin with, so that they open nothing where the closing mark does not follow.
    ("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"),
)
_WORDS: Final = "here are my reasoning steps:"
# Harmony by a server that skips special tokens: "analysisWe need …assistantfinalParis".
_SKIPPED: Final = re.compile(r"\s*(?:assistant)?(?:analysis|commentary)(?=\S)")
_SKIPPED_FINAL: Final = "assistantfinal"
# What chat templates write after an answer; an endpoint that does not hide such tokens shows them.
_END_OF_TURN: Final = (
    r"(?:<\|(?:return|end|im_end|eot_id|endoftext|end_of_text|end_of_turn)\|>|<end_of_turn>|</s>|<｜end▁of▁sentence｜>)"
)
_ENDING: Final = re.compile(rf"(?:\[END FINAL RESPONSE\](?:\s*{_END_OF_TURN})?|{_END_OF_TURN})\s*\Z")


def _pattern(*texts: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, texts)), re.IGNORECASE | re.ASCII)


_CLOSE_OF: Final = {opening.lower(): _pattern(closing) for opening, closing in TAGS}
_OPENING: Final = _pattern(*_CLOSE_OF)
_CLOSINGS: Final = {opening.lower(): closing.lower() for opening, closing in TAGS}
_ANY_TAG: Final = _pattern(*_CLOSINGS, *dict.fromkeys(_CLOSINGS.values()))
_SPACE: Final = re.compile(r"\s*")
_BACKTICKS: Final = re.compile("`+")


def split_reasoning(text: str) -> tuple[str, str, bool]:
    """Split a model output into (answer, reasoning, closed), in linear time.

    Only a tag at the start of the text opens reasoning; blocks that follow one another are all reasoning. Where one is
    not closed, all that follows is reasoning, the answer is empty and ``closed`` is False. A closing tag without its
    opening one, outside code (a chat template may open the reasoning in the prompt), ends reasoning that began with
    the text. The reasoning holds its tags and the white space after them: reasoning + answer is the text, but for an
    end marker. Harmony's channels whose special tokens were skipped are read where "assistantfinal" stands once behind
    "analysis"; where it stands more often, or not at all behind a sentence, nothing is answered. A text without tags
    comes back as (text, "", True).
    """
    if _ANY_TAG.search(text) is None and _SKIPPED.match(text) is None:
        return text, "", True
    cut = 0
    while opening := _OPENING.match(text, _after_space(text, cut)):
        closing = _CLOSE_OF[opening[0].lower()].search(text, opening.end())
        if closing is None and opening[0].lower() == _WORDS:
            break
        if closing is None:
            return "", text, False
        cut = closing.end()
    skipped = 0 if cut else _end_of_skipped(text)
    if skipped < 0:
        return "", text, False
    cut = skipped or _last_lone_closing(text, cut)
    if not cut:
        return text, "", True
    cut = _after_space(text, cut)
    return _ENDING.sub("", text[cut:]), text[:cut], True


def without_ending(text: str) -> str:
    """An answer without the token that a chat template writes after it."""
    return _ENDING.sub("", text)


def has_reasoning_tags(text: str) -> bool:
    """Whether a text, such as a chat template, has any of the tags."""
    return _ANY_TAG.search(text) is not None


def opening_at_end(text: str) -> str:
    """The opening tag that a text ends with, with the white space after it; empty where it ends otherwise."""
    end = text.rstrip()
    opening = next((opening for opening in _CLOSINGS if end.lower().endswith(opening)), "")
    return text[len(end) - len(opening) :] if opening else ""


def _after_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _end_of_skipped(text: str) -> int:
    """Where reasoning ends that harmony's bare words mark; 0 without them, -1 where no answer can be found."""
    opening = _SKIPPED.match(text)
    if opening is None:
        return 0
    place = text.find(_SKIPPED_FINAL, opening.end())
    if place < 0:
        return -1 if opening[0].endswith("analysis") and "A" <= text[opening.end()] <= "Z" else 0
    end = place + len(_SKIPPED_FINAL)
    return -1 if text.find(_SKIPPED_FINAL, end) >= 0 else end


def _last_lone_closing(text: str, start: int) -> int:
    """Where the last closing tag ends that has no opening one from ``start`` on; ``start`` where there is none."""
    cut, code = start, _code(text, start)
    is_open = dict.fromkeys(_CLOSINGS.values(), 0)
    begin, end = next(code, (len(text), len(text)))
    for tag in _ANY_TAG.finditer(text, start):
        while end <= tag.start():
            begin, end = next(code, (len(text), len(text) + 1))
        if begin <= tag.start():
            continue
        name = tag[0].lower()
        if name in _CLOSINGS:
            is_open[_CLOSINGS[name]] += 1
        elif is_open[name]:
            is_open[name] -= 1
        else:
            cut = tag.end()
    return cut


def _code(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The places of code, in order: between equal runs of backticks, on one line where these are shorter than three."""
    runs = [run.span() for run in _BACKTICKS.finditer(text, start)]
    partner: list[int | None] = [None] * len(runs)
    latest: dict[int, int] = {}
    for number in reversed(range(len(runs))):
        begin, end = runs[number]
        partner[number] = latest.get(end - begin)
        latest[end - begin] = number
    number = 0
    while number < len(runs):
        begin, end = runs[number]
        other = partner[number]
        if other is None or (end - begin < 3 and text.find("\n", end, runs[other][0]) >= 0):
            number += 1
            continue
        yield begin, runs[other][1]
        number = other + 1
