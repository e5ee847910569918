"""The review of a suite in the terminal: one item after the other, one key for each decision."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import click
import msgspec

from steelyard.cli.output import field_lines
from steelyard.records import SuiteItem
from steelyard.suites.review import REASONS, Change, Reviewed, append_changes, change_problem, changed_item, tidied
from steelyard.tasks.suite_file import SuiteFile
from steelyard.tasks.suite_images import IMAGES
from steelyard.util.text import one_line

__all__ = ["Person", "ReviewSession", "Terminal"]

SHOWN = 4000  # characters of a text
KEYS = "k keep · e edit · d drop · t tags · h hard · y easy · c clear · b back · n next · q quit"


class Person(Protocol):
    """Who decides: keys, lines and texts that they type, and what is printed for them."""

    width: int

    def key(self) -> str: ...  # noqa: D102  # one key, waited for
    def line(self, prompt: str) -> str: ...  # noqa: D102  # one line, without its end; empty to leave it
    def edited(self, name: str, text: str) -> str: ...  # noqa: D102  # the text after it was edited, or as it was
    def say(self, text: str) -> None: ...  # noqa: D102  # one line


class Terminal:
    """The person at this terminal. Texts are edited in $VISUAL or $EDITOR, or where there is none typed anew."""

    def __init__(self) -> None:
        from steelyard.util.console import out

        self.width = out().width

    def key(self) -> str:
        """One key; Ctrl-C raises KeyboardInterrupt."""
        try:
            return click.getchar()
        except EOFError:
            return "q"

    def line(self, prompt: str) -> str:
        """One line; Enter alone is empty."""
        return str(click.prompt(prompt, default="", show_default=False))

    def edited(self, name: str, text: str) -> str:
        """The text after it was edited; as it was where the person changed their mind."""
        import os

        if os.environ.get("VISUAL") or os.environ.get("EDITOR"):
            try:
                after = click.edit(text, extension=".txt")
            except click.ClickException as error:
                self.say(one_line(error.message))
                return text
            if after is None:
                return text
            return after if text.endswith("\n") else after.removesuffix("\n")
        return self.line(f"{name} (Enter leaves it; set $EDITOR to edit it)") or text

    def say(self, text: str) -> None:
        """Print a line."""
        click.echo(text)


@dataclass
class ReviewSession:
    """Shows items and puts each decision on record at once, in ``review.jsonl``.

    ``review`` is what was decided before; decisions that are not in the files yet can be changed here.
    """

    folder: Path
    suite: SuiteFile
    items: Sequence[SuiteItem]
    review: Reviewed
    by: str
    person: Person
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        found = map(self.review.change_of, self.items)
        pending = map(self.review.is_pending, self.items)
        # A change that is in the files is not to be made again: of it, only that the item was reviewed counts.
        self.changes = {
            item.id: change if is_open or not change.decision else Change(item=item.id, decision="keep")
            for item, change, is_open in zip(self.items, found, pending, strict=True)
            if change is not None
        }
        self.made = 0
        self._began = self.clock()

    def run(self) -> None:
        """Go from item to item until the person quits or none is left; raises InputError where it cannot be written."""
        place = self._next_left(-1)
        while place is not None:
            self._show(place)
            step = self._acted(place)
            if step == "quit":
                return
            place = self._after(place, step)
        self.person.say("All items are reviewed.")

    # ── which item ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _is_left(self, place: int) -> bool:
        change = self.changes.get(self.items[place].id)
        return change is None or not change.decision

    def _next_left(self, place: int) -> int | None:
        """The next item that is not reviewed, from here on and then from the start."""
        count = len(self.items)
        order = ((place + number) % count for number in range(1, count + 1))
        return next((each for each in order if self._is_left(each)), None)

    def _after(self, place: int, step: str) -> int | None:
        if step == "decided":
            return self._next_left(place)
        return min(max(place + {"back": -1, "next": 1}.get(step, 0), 0), len(self.items) - 1)

    # ── one item ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _progress(self, place: int) -> str:
        left = sum(map(self._is_left, range(len(self.items))))
        total = len(self.items)
        words = f"item {place + 1:,} of {total:,}, {total - left:,} reviewed, {left:,} left"
        minutes = (self.clock() - self._began) / 60
        if self.made >= 3 and minutes > 0:
            rate = self.made / minutes
            words += f", {rate:.1f} a minute: about {left / rate:,.0f} minutes more"
        return words

    def _show(self, place: int) -> None:
        item, say, width = self.items[place], self.person.say, self.person.width
        change = self.changes.get(item.id)
        shown = changed_item(item, change) if change else item
        if shown is None:
            shown = item
        say("")
        say(f"── {one_line(item.id, 80)}: {self._progress(place)}")
        for name, text in _fields(shown):
            for line in field_lines(name, text, width, SHOWN):
                say(line)
        if change and change.decision:
            reason = f": {one_line(change.reason)}" if change.reason else ""
            say(f"  decided     {change.decision}{reason}")
        say(KEYS)

    def _acted(self, place: int) -> str:
        """Do what the person's key says; how it goes on: decided, stay, back, next or quit."""
        acts: dict[str, Callable[[SuiteItem], str]] = {
            "k": lambda item: self._decide(item, decision="keep"),
            "e": self._edit,
            "d": self._drop,
            "t": self._tag,
            "h": lambda item: self._level(item, "hard"),
            "y": lambda item: self._level(item, "easy"),
            "c": lambda item: self._record(item, Change(item=item.id), "stay"),
            "b": lambda _: "back",
            "n": lambda _: "next",
            "q": lambda _: "quit",
        }
        while True:
            key = self.person.key()
            if key in ("\x03", "\x04"):
                raise KeyboardInterrupt
            if key in acts:
                return acts[key](self.items[place])

    def _decide(self, item: SuiteItem, **parts: Any) -> str:
        """A decision with the tags and the difficulty that the person set before."""
        old = self.changes.get(item.id, Change(item=item.id))
        change = Change(item=item.id, tags=old.tags, difficulty=old.difficulty, **parts)
        return self._record(item, change, "decided")

    def _record(self, item: SuiteItem, change: Change, step: str) -> str:
        change = tidied(change)
        if problem := change_problem(item, change, self.suite):
            self.person.say(f"not done: {problem}")
            return "stay"
        append_changes(self.folder, [(item, change)], self.by)
        self.changes[item.id] = change
        self.made += step == "decided"
        return step

    def _edit(self, item: SuiteItem) -> str:
        self.person.say("which one? q the question · a the answer")
        name = {"q": "question", "a": "answer"}.get(self.person.key(), "")
        if not name:
            return "stay"
        old = self.changes.get(item.id, Change(item=item.id))
        texts = {"question": old.question, "answer": old.answer}
        before = texts[name]
        if before is None:
            before = str(getattr(item, name))
        after = self.person.edited(name, before)
        if after == before:
            return "stay"
        texts[name] = None if after == getattr(item, name) else after
        decision = "edit" if any(text is not None for text in texts.values()) else "keep"
        return self._decide(item, decision=decision, **texts)

    def _drop(self, item: SuiteItem) -> str:
        for number, reason in enumerate(REASONS, 1):
            self.person.say(f"  {number}  {reason}")
        typed = " ".join(self.person.line("why (a number, or your own words; Enter goes back)").split())
        if not typed:
            return "stay"
        is_listed = typed.isdecimal() and 1 <= int(typed) <= len(REASONS)
        return self._decide(item, decision="drop", reason=REASONS[int(typed) - 1] if is_listed else typed)

    def _tag(self, item: SuiteItem) -> str:
        typed = self.person.line("tags, separated by commas (Enter goes back, - removes all)").strip()
        if not typed:
            return "stay"
        words = [] if typed == "-" else [" ".join(word.split()) for word in typed.split(",")]
        return self._mark(item, tags=tuple(dict.fromkeys(filter(None, words))))

    def _level(self, item: SuiteItem, level: str) -> str:
        old = self.changes.get(item.id)
        now = item.difficulty if old is None or old.difficulty is None else old.difficulty
        return self._mark(item, difficulty="" if now == level else level)

    def _mark(self, item: SuiteItem, **parts: Any) -> str:
        old = self.changes.get(item.id, Change(item=item.id))
        return self._record(item, msgspec.structs.replace(old, **parts), "stay")


def _fields(item: SuiteItem) -> list[tuple[str, str]]:
    """What is shown of an item, by name."""
    source = item.source
    place = ""
    if source:
        page = f", page {source.page}" if source.page is not None else ""
        row = f", row {source.start}" if source.start and not source.text else ""
        place = f"{source.file}{page}{row}"
    fields = [
        *((turn.role, turn.text) for turn in item.history),
        ("context", item.context),
        ("source", place),
        ("span", source.text if source else ""),
        *(("image", f"{IMAGES}/{name}") for name in item.images),
        ("question", item.question),
        *(("choice", choice) for choice in item.choices),
        ("answer", item.answer or "(none)"),
        ("group", item.group),
        ("tags", ", ".join(item.tags)),
        ("difficulty", item.difficulty),
    ]
    return [(name, text) for name, text in fields if text]
