"""What a model wrote, read strictly: a list of questions as JSON, whatever stands around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from steelyard.suites.sources.page_text import plain_text
from steelyard.util.reasoning import split_reasoning

__all__ = ["Proposal", "TwinProposal", "Unreadable", "proposals_in", "twin_in"]

MAX_REPLY: Final = 400_000  # characters
MAX_ITEMS: Final = 50
MAX_ANSWER: Final = 300
MAX_SPAN: Final = 8_000
MAX_TWIN: Final = 40_000  # characters of a twin's question and passage
_FENCE: Final = re.compile(r"```[A-Za-z]{0,10}[ \t]*\n")
_LISTS: Final = ("items", "questions", "fragen")


@dataclass(frozen=True)
class Proposal:
    """A question with its answer and the text that holds it, as a model wrote them."""

    question: str
    answer: str
    span: str


@dataclass(frozen=True)
class TwinProposal:
    """Another question with its answer, and its passage and choices where it has some, as a model wrote them."""

    question: str
    answer: str
    context: str = ""
    choices: tuple[str, ...] = ()


class Unreadable(ValueError):
    """A reply, or one entry of it, that is not what was asked for; the message is a reason."""


def proposals_in(reply: str) -> list[Proposal | Unreadable]:
    """The proposals of a reply in order, and an :class:`Unreadable` for each entry that is none.

    Raises Unreadable where the reply holds no JSON.
    """
    entries = _entries(_bare(reply))
    return [_proposal(entry) for entry in entries[:MAX_ITEMS]]


def twin_in(reply: str) -> TwinProposal:
    """The twin of a reply; raises Unreadable for anything else, and for more than one."""
    entries = _entries(_bare(reply))
    if len(entries) != 1 or not isinstance(entries[0], Mapping):
        raise Unreadable("The reply holds no question, or more than one.")
    (entry,) = entries
    question, answer, context = (_text(entry.get(key)) for key in ("question", "answer", "context"))
    listed = entry.get("choices") or []
    if not question or not answer or not isinstance(listed, list):
        raise Unreadable("The reply lacks a question or an answer.")
    if len(answer) > MAX_ANSWER or len(question) + len(context) > MAX_TWIN or len(listed) > MAX_ITEMS:
        raise Unreadable(f"The answer has more than {MAX_ANSWER} characters, or the question more than {MAX_TWIN:,}.")
    choices = tuple(" ".join(plain_text(_text(each)).split()) for each in listed)
    return TwinProposal(plain_text(question), " ".join(plain_text(answer).split()), plain_text(context), choices)


def _bare(reply: str) -> str:
    """A reply without its reasoning; raises Unreadable for one that is too long."""
    answer, _, _ = split_reasoning(reply[: MAX_REPLY + 1])
    if len(answer) > MAX_REPLY:
        raise Unreadable(f"The reply has more than {MAX_REPLY:,} characters.")
    return answer


def _entries(text: str) -> list[Any]:
    for candidate in _candidates(text):
        try:
            value = msgspec.json.decode(candidate.encode("utf-8", "replace"))
        except (msgspec.DecodeError, RecursionError):
            continue
        if isinstance(value, Mapping):
            listed = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), None)
            return [value] if listed is None else listed
        if isinstance(value, list):
            return value
    raise Unreadable("The reply holds no JSON that can be read.")


def _candidates(text: str) -> Iterator[str]:
    """The text, the inside of its first code fence, and what is between its outermost brackets."""
    yield text.strip()
    if fence := _FENCE.search(text):
        yield text[fence.end() :].partition("```")[0]
    for opening, closing in ("{}", "[]"):
        start, end = text.find(opening), text.rfind(closing)
        if 0 <= start < end:
            yield text[start : end + 1]


def _proposal(entry: Any) -> Proposal | Unreadable:
    if not isinstance(entry, Mapping):
        return Unreadable("An entry of the reply is no object.")
    question, answer, span = (_text(entry.get(key)) for key in ("question", "answer", "span"))
    if not (question and answer and span):
        return Unreadable("An entry of the reply lacks a question, an answer or a span.")
    if len(answer) > MAX_ANSWER or len(span) > MAX_SPAN:
        return Unreadable(f"The answer has more than {MAX_ANSWER} characters, or the span more than {MAX_SPAN:,}.")
    return Proposal(" ".join(plain_text(question).split()), " ".join(plain_text(answer).split()), span)


def _text(value: Any) -> str:
    """A text, or a number as text: models write answers that are numbers without quotes."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 else ""
