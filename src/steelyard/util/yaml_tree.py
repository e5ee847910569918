"""YAML as plain text with line numbers: nothing is interpreted, expanded or executed.

libyaml's parser gives a stream of events and the tree is built here, without recursion. ``yaml.compose`` would give the
same tree at ten times the cost, and it resolves aliases and recurses before we could refuse either.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import yaml

from steelyard.errors import InputError

__all__ = ["Branch", "Items", "Leaf", "Node", "quoted", "read_tree"]

MAX_DEPTH = 8  # a claim sheet needs five
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIXES = {
    "mapping values are not allowed": "put a text that holds ': ' in quotes",
    "cannot start any token": "indent with spaces, not tabs, and put a text that begins with @, ` or % in quotes",
    "unexpected end of stream": "close the quotes",
    "nesting depth": "a sheet needs five levels",
}


class Leaf(NamedTuple):
    """A scalar, as written. ``plain`` is whether it has no quotes."""

    text: str
    line: int
    plain: bool

    @property
    def is_null(self) -> bool:
        """Whether this is a YAML null."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


class Items(NamedTuple):
    """A list."""

    items: list[Node]
    line: int


class Branch(NamedTuple):
    """A mapping, in the order of the file; ``key_lines`` gives the line of each key."""

    entries: dict[str, Node]
    key_lines: dict[str, int]
    line: int


Node = Leaf | Items | Branch


def quoted(text: str, limit: int = 40) -> str:
    """Text from a file, safe to show in a message: quoted, escaped, cut to ``limit`` characters."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def read_tree(text: str, where: str) -> Node | None:
    """Read one YAML document; None where there is none.

    Raises :class:`~steelyard.errors.InputError`, with the line, for anything that is not plain data: control
    characters, anchors and aliases, tags, a second document, keys that are not text, the same key twice, nesting over 8
    levels.
    """
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        raise InputError(
            f"the character U+{ord(forbidden.group()):04X} is not allowed in a YAML file; is this a text file?",
            where=where,
            line=text.count("\n", 0, forbidden.start()) + 1,
        )
    builder = _Builder(where)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise _syntax_error(error, where) from None
    return builder.root


class _Builder:
    """Turns events into a tree, with an explicit stack of open lists and mappings."""

    def __init__(self, where: str) -> None:
        self.root: Node | None = None
        self._where = where
        self._open: list[Items | Branch] = []
        self._keys: list[Leaf | None] = []  # the key that waits for its value, for each open node

    def take(self, event: Any) -> None:
        """Take the next event."""
        match event:
            case yaml.ScalarEvent():
                self._check(event)
                self._add(Leaf(event.value, _line(event), not event.style))
            case yaml.MappingStartEvent():
                self._check(event)
                self._descend(Branch({}, {}, _line(event)))
            case yaml.SequenceStartEvent():
                self._check(event)
                self._descend(Items([], _line(event)))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
                self._keys.pop()
            case yaml.AliasEvent():
                raise self._error("aliases (*name) are not allowed here: write the value out", event)
            case yaml.DocumentStartEvent() if self.root is not None:
                raise self._error("a second document begins here: keep one to a file", event)

    def _check(self, event: Any) -> None:
        if event.anchor is not None:
            raise self._error("anchors (&name) are not allowed here: remove it and write values out", event)
        if event.tag is not None:
            raise self._error("tags (!name) are not allowed here: remove it, values are read as text", event)

    def _descend(self, node: Items | Branch) -> None:
        if len(self._open) == MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels: a sheet needs five"
            raise InputError(message, where=self._where, line=node.line)
        self._add(node)
        self._open.append(node)
        self._keys.append(None)

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = self._new_key(parent, node)
        else:
            parent.entries[key.text] = node
            parent.key_lines[key.text] = key.line
            self._keys[-1] = None

    def _new_key(self, parent: Branch, node: Node) -> Leaf:
        if not isinstance(node, Leaf):
            raise InputError("a key must be text, not a list or a mapping", where=self._where, line=node.line)
        if node.text in parent.entries:
            before = parent.key_lines[node.text]
            message = f"the key {quoted(node.text)} is there twice (first on line {before}): remove one"
            raise InputError(message, where=self._where, line=node.line)
        return node

    def _error(self, message: str, event: Any) -> InputError:
        return InputError(message, where=self._where, line=_line(event))


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _syntax_error(error: yaml.YAMLError, where: str) -> InputError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    fixes = (fix for words, fix in _FIXES.items() if words in problem)
    fix = next(fixes, "check indentation, brackets and quotes here and on the lines before")
    return InputError(f"not valid YAML: {problem}; {fix}", where=where, line=mark.line + 1 if mark else None)
