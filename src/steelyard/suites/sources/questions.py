"""The questions of one conversation, each with what was said before it and the answer that came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from steelyard.records import Turn
from steelyard.suites.sources.conversations import Message

__all__ = ["Asked", "questions_of"]

_SYSTEM: Final = ("system", "developer")
_TOOLS: Final = ("tool", "function")
_KNOWN: Final = ("user", "assistant", *_SYSTEM, *_TOOLS)


@dataclass(frozen=True)
class Asked:
    """A user's question at its place.

    ``reply`` is the assistant's last message before the user speaks again. ``needs_tools``: tools were called on the
    way to it. ``lacks`` names what users sent so far that is no text. ``is_last``: no question follows.
    """

    question: str
    history: tuple[Turn, ...] = ()
    system: str = ""
    reply: Message | None = None
    needs_tools: bool = False
    lacks: tuple[str, ...] = ()
    is_last: bool = False


def questions_of(messages: Sequence[Message]) -> list[Asked]:
    """The questions of a conversation, in order. Messages of one role that follow one another are one turn.

    What tools said is left out of what came before a question, and so are roles that are not known.
    """
    turns = list(_turns(messages))
    last = max((place for place, (role, _) in enumerate(turns) if role == "user"), default=-1)
    found: list[Asked] = []
    history: list[Turn] = []
    lacks: list[str] = []
    system: list[str] = []
    for place, (role, group) in enumerate(turns):
        text = "\n\n".join(filter(None, (each.text for each in group)))
        if role in _SYSTEM:
            system.append(text)
        elif role == "user":
            lacks += [each for message in group for each in message.lacks]
            reply, needs_tools = _reply(turns, place + 1)
            asked = Asked(
                question=text,
                history=tuple(history),
                system="\n\n".join(filter(None, system)),
                reply=reply,
                needs_tools=needs_tools or bool(history and history[-1].role == "user"),
                lacks=tuple(lacks),
                is_last=place == last,
            )
            found.append(asked)
            _add(history, Turn(role="user", text=text))
        elif role == "assistant":
            _add(history, Turn(role="assistant", text=text))
    return found


def _add(history: list[Turn], turn: Turn) -> None:
    """Add a turn; after a call for tools the assistant goes on with its own."""
    if not turn.text:
        return
    if history and history[-1].role == turn.role:
        turn = Turn(role=turn.role, text=f"{history.pop().text}\n\n{turn.text}")
    history.append(turn)


def _turns(messages: Iterable[Message]) -> Iterator[tuple[str, list[Message]]]:
    """Messages of one known role that follow one another."""
    group: list[Message] = []
    for message in messages:
        if message.role not in _KNOWN:
            continue
        if group and message.role != group[-1].role:
            yield group[-1].role, group
            group = []
        group.append(message)
    if group:
        yield group[-1].role, group


def _reply(turns: Sequence[tuple[str, list[Message]]], start: int) -> tuple[Message | None, bool]:
    """The assistant's last message before the user speaks again, and whether tools were called on the way."""
    last: Message | None = None
    tools = False
    for place in range(start, len(turns)):
        role, group = turns[place]
        if role == "user":
            break
        tools = tools or role in _TOOLS or any(each.calls_tools for each in group)
        last = group[-1] if role == "assistant" else last
    return last, tools
