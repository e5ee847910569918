"""Twins of an item: fresh items that test the same skill, made by rules, with the right answer computed again.

``templates/twins.yaml`` has the rules, by the item's id::

    items:
      q-3fa91c0d12ab44ef:
        question: "A parcel of {{ weight }} kg costs {{ price }} EUR a kg. What does it cost?"
        answer: "{{ weight * price }}"
        values: {weight: 2..40, price: 3..9}

``values`` are ranges of whole numbers (``2..40``) or lists of texts. Texts are templates over them, and over nothing
else. An item without a rule gets other first names, where it has some (:data:`NAMES`): question, context, conversation,
choices and answer change alike. What has neither has no twin.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import InputError
from steelyard.records import SuiteItem
from steelyard.suites.collected import item_id
from steelyard.tasks.definition import Part
from steelyard.tasks.definition_file import read_strictly
from steelyard.tasks.template import Template

__all__ = ["NAMES", "RULES", "TwinRule", "read_rules", "rules_text", "twin_of"]

RULES: Final = "templates/twins.yaml"
_TRIES: Final = 50
_RANGE: Final = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})")
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# First names that are no other word in English or German, in pairs of one gender so that pronouns stay right.
NAMES: Final[tuple[tuple[str, ...], ...]] = (
    ("Anna", "Julia", "Laura", "Sarah", "Maria", "Lena", "Sofia", "Emma", "Clara", "Nina", "Katharina", "Olivia",
     "Janet", "Susan", "Natalia", "Lisa", "Marta", "Helena"),
    ("Peter", "Thomas", "Michael", "Daniel", "Lukas", "Felix", "Jonas", "Simon", "Martin", "David", "Andreas", "James",
     "Robert", "Stefan", "Carlos", "Paolo", "Henry", "Oliver"),
)  # fmt: skip
_NAME: Final = re.compile(rf"\b(?:{'|'.join(name for names in NAMES for name in names)})(?=\b|s\b|'s\b)")


class TwinRule(Part, frozen=True, kw_only=True):
    """How twins of one item are made: templates over ``values``."""

    question: str
    answer: str
    context: str = ""
    choices: tuple[str, ...] = ()
    values: dict[str, str | tuple[str, ...]] = msgspec.field(default_factory=dict)


class _Rules(Part, frozen=True, kw_only=True):
    items: dict[str, TwinRule]


def read_rules(folder: Path) -> dict[str, TwinRule]:
    """The rules of a suite; none where it has no such file. Raises InputError with file and line."""
    path = folder / RULES
    return read_strictly(path, _Rules).items if path.is_file() else {}


def rules_text(rules: Mapping[str, TwinRule]) -> bytes:
    """The file of these rules, a line for each; :func:`read_rules` reads the same."""
    lines = (f"  {_quoted(name)}: {_quoted(msgspec.to_builtins(rule))}\n" for name, rule in rules.items())
    return b"items:\n" + "".join(lines).encode() if rules else b""


def _quoted(value: object) -> str:
    """JSON is YAML too, but for characters that YAML wants escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def twin_of(item: SuiteItem, seed: str, rule: TwinRule | None, known: Sequence[str], where: Path) -> SuiteItem | None:
    """A twin that is none of the ``known`` items (by id); None where there is no rule for one.

    What an image shows cannot be drawn anew here, so an item with images has none. The same seed gives the same twin.
    Raises InputError for a rule whose templates or values cannot be used.
    """
    if item.images:
        return None
    taken = {item.id, *known}
    for attempt in range(_TRIES):
        drawn = f"{seed}\n{item.id}\n{attempt}"
        twin = _by_rule(item, rule, drawn, where) if rule else _with_other_names(item, drawn)
        if twin is None:
            return None
        if twin.id not in taken:
            return twin
    return None


def _by_rule(item: SuiteItem, rule: TwinRule, drawn: str, where: Path) -> SuiteItem:
    values = {name: _value(name, given, drawn, where) for name, given in rule.values.items()}

    def filled(text: str, key: str) -> str:
        return Template(text, f"{where}: items.{item.id}.{key}").render(values).strip()

    choices = tuple(filled(choice, "choices") for choice in rule.choices) or item.choices
    twin = _changed(
        item,
        question=filled(rule.question, "question"),
        answer=filled(rule.answer, "answer"),
        context=filled(rule.context, "context") if rule.context else item.context,
        choices=choices,
    )
    if choices and twin.answer not in choices:
        raise InputError(f"items.{item.id}: its answer {twin.answer[:40]!r} is not one of its choices", where=where)
    return twin


def _value(name: str, given: str | Sequence[str], drawn: str, where: Path) -> int | str:
    number = int.from_bytes(sha256(f"{drawn}\n{name}".encode()).digest())
    if not isinstance(given, str):
        if not given:
            raise InputError(f"values.{name}: an empty list", where=where)
        return given[number % len(given)]
    found = _RANGE.fullmatch(given)
    if found is None or int(found[1]) > int(found[2]):
        raise InputError(f"values.{name}: {given[:40]!r} is no range such as 2..40, and no list", where=where)
    first, last = int(found[1]), int(found[2])
    return first + number % (last - first + 1)


def _with_other_names(item: SuiteItem, drawn: str) -> SuiteItem | None:
    texts = (item.question, item.context, item.answer, *item.choices, *(turn.text for turn in item.history))
    there = dict.fromkeys(name for text in texts for name in _NAME.findall(text))
    if not there:
        return None
    others = _others(list(there), drawn)

    def changed(text: str) -> str:
        return _NAME.sub(lambda found: others[found[0]], text)

    return _changed(
        item,
        question=changed(item.question),
        answer=changed(item.answer),
        context=changed(item.context),
        choices=tuple(map(changed, item.choices)),
        history=tuple(msgspec.structs.replace(turn, text=changed(turn.text)) for turn in item.history),
    )


def _others(names: Sequence[str], drawn: str) -> Mapping[str, str]:
    """Another name for each, of the same list; all different, and none that is there."""
    found: dict[str, str] = {}
    for group in NAMES:
        mine = [name for name in names if name in group]
        free = [name for name in group if name not in names]
        free.sort(key=lambda name: sha256(f"{drawn}\n{name}".encode()).digest())
        # With more names than are free, the last ones stay.
        found |= dict(zip(mine, [*free, *mine], strict=False))
    return found


def _changed(item: SuiteItem, **texts: object) -> SuiteItem:
    twin = msgspec.structs.replace(item, source=None, canary="", **texts)
    return msgspec.structs.replace(twin, id=item_id(twin.question, twin.choices, twin.answer))
