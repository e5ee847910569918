"""Personal data and secrets in a text become placeholders: ``[EMAIL_1]``, ``[IBAN_2]``.

One :class:`Placeholders` serves one conversation or document: the same value gets the same placeholder in all of its
texts. It is the only place that holds the values, and nothing here writes it anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn

from steelyard.suites.redaction.contact import find_emails, find_ips
from steelyard.suites.redaction.identifiers import find_cards, find_ibans, find_national_ids
from steelyard.suites.redaction.phones import find_phones
from steelyard.suites.redaction.secrets import (
    find_keys,
    find_passwords,
    find_private_keys,
    find_random_tokens,
    find_url_credentials,
)
from steelyard.suites.redaction.span import Span
from steelyard.suites.redaction.surface import plain_text

__all__ = ["KINDS", "Hit", "Placeholders", "Redacted", "find", "redact"]

# Where several rules find what overlaps, the first of them names it.
_RULES: Final[tuple[Callable[[str], Iterator[Span]], ...]] = (
    find_private_keys, find_keys, find_url_credentials, find_passwords, find_emails, find_ibans, find_cards,
    find_national_ids, find_ips, find_phones, find_random_tokens,
)  # fmt: skip

KINDS: Final = (
    "CARD", "CREDENTIALS", "EMAIL", "HEALTH_ID", "IBAN", "IP", "KEY", "NATIONAL_ID", "PASSWORD", "PHONE", "PRIVATE_KEY",
    "SOCIAL_SECURITY", "TAX_ID", "TERM",
)  # fmt: skip
_AS_WRITTEN: Final = frozenset({"CREDENTIALS", "KEY", "PASSWORD", "PRIVATE_KEY"})  # others: case and separators aside
_PLACEHOLDER: Final = re.compile(rf"\[(?:{'|'.join(KINDS)})_\d{{1,9}}\]")
_SEPARATORS: Final = re.compile(r"[\s./()-]+")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Hit:
    """What was found at ``start`` … ``end`` (characters of the original, half-open), and what stands there now.

    It does not hold the value, so that it may be shown and written.
    """

    start: int
    end: int
    kind: str
    placeholder: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text after redaction, and what was replaced, in the order of the text."""

    text: str
    hits: tuple[Hit, ...] = ()


@dataclass(slots=True)
class Placeholders:
    """The placeholders of one conversation or document, and the values that they stand for.

    ``terms`` are texts of the user's own that are to be replaced wherever they stand as whole words, in either case:
    names of customers, projects, places. (No rule knows a name.) ``keep`` are values that stay although a rule finds
    them, such as one's own public address. Neither ``repr`` nor ``pickle`` shows a value.
    """

    terms: Iterable[str] = field(default=(), repr=False)
    keep: Iterable[str] = field(default=(), repr=False)
    _numbers: dict[tuple[str, str], str] = field(default_factory=dict, init=False, repr=False)
    _values: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _last: dict[str, int] = field(default_factory=dict, init=False)
    _terms: dict[str, list[tuple[str, ...]]] = field(default_factory=dict, init=False, repr=False)
    _keep: frozenset[str] = field(default=frozenset(), init=False, repr=False)
    _taken: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        self._keep = frozenset(_canonical("", value) for value in self.keep)
        for term in self.terms:
            words = tuple(_WORD.findall(plain_text(term).text.casefold()))
            if words:
                self._terms.setdefault(words[0], []).append(words)
        for longer in self._terms.values():
            longer.sort(key=len, reverse=True)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("placeholders hold the values that were redacted: they are neither copied nor written")

    def __len__(self) -> int:
        return len(self._values)

    @property
    def values(self) -> dict[str, str]:
        """What each placeholder stands for, as it was written first. Secret: do not write it, do not send it."""
        return dict(self._values)

    def keeps(self, value: str) -> bool:
        """Whether a value is to stay, however it is written (case and separators aside)."""
        return bool(self._keep) and _canonical("", value) in self._keep

    def reserve(self, written: Iterable[str]) -> None:
        """Placeholders that a text holds already: no new one will look like them."""
        self._taken.update(written)

    def of(self, kind: str, value: str) -> str:
        """The placeholder of a value: the same one each time."""
        key = (kind, value if kind in _AS_WRITTEN else _canonical(kind, value))
        if key not in self._numbers:
            number = self._last.get(kind, 0) + 1
            while f"[{kind}_{number}]" in self._taken:
                number += 1
            self._last[kind] = number
            self._numbers[key] = f"[{kind}_{number}]"
            self._values[self._numbers[key]] = value
        return self._numbers[key]

    def find_terms(self, text: str) -> Iterator[Span]:
        """Where one of the terms stands, its words separated by anything that is no word; the longest of several."""
        if not self._terms:
            return
        words = [(found.start(), found.end(), found[0].casefold()) for found in _WORD.finditer(text)]
        place = 0
        while place < len(words):
            count = next(
                (
                    len(term)
                    for term in self._terms.get(words[place][2], ())
                    if tuple(word for _, _, word in words[place : place + len(term)]) == term
                ),
                0,
            )
            if count:
                yield Span(words[place][0], words[place + count - 1][1], "TERM")
            place += count or 1


def _canonical(kind: str, value: str) -> str:
    plain = plain_text(value).text.casefold()
    if kind == "EMAIL":
        return plain
    plain = _SEPARATORS.sub("", plain.replace("(0)", ""))
    return "+" + plain[2:] if kind == "PHONE" and plain.startswith("00") else plain


def redact(text: str, placeholders: Placeholders) -> Redacted:
    """Replace personal data and secrets by placeholders, the same value always by the same one.

    The text's length in characters bounds the time, linearly. Redacting the result again changes nothing. Placeholders
    that the text holds already are left as they are, and no new one looks like them.
    """
    placeholders.reserve(_PLACEHOLDER.findall(text))
    hits, parts, last = [], [], 0
    for span in find(text, placeholders):
        value = text[span.start : span.end]
        if placeholders.keeps(value):
            continue
        placeholder = placeholders.of(span.kind, value)
        hits.append(Hit(span.start, span.end, span.kind, placeholder))
        parts += [text[last : span.start], placeholder]
        last = span.end
    return Redacted("".join([*parts, text[last:]]), tuple(hits))


def find(text: str, placeholders: Placeholders | None = None) -> list[Span]:
    """The spans with personal data and secrets, sorted and disjoint; what is a placeholder already is none.

    Spans that overlap become one, so that whatever any rule found is replaced; the first rule in order names it.
    """
    plain = plain_text(text)
    found = [(span, order) for order, rule in enumerate(_RULES) for span in rule(plain.text)]
    if placeholders is not None:
        found += [(span, len(_RULES)) for span in placeholders.find_terms(plain.text)]
    there = [match.span() for match in _PLACEHOLDER.finditer(plain.text)]
    spans = _without(_merged(found), there)
    return [Span(*plain.original(span.start, span.end), span.kind) for span in spans]


def _merged(found: list[tuple[Span, int]]) -> list[Span]:
    merged: list[Span] = []
    first = 0
    for span, order in sorted(found, key=lambda each: (each[0].start, each[1])):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Span(last.start, max(last.end, span.end), span.kind if order < first else last.kind)
            first = min(first, order)
        else:
            merged.append(span)
            first = order
    return merged


def _without(spans: list[Span], there: list[tuple[int, int]]) -> list[Span]:
    """The spans, less the placeholders in them."""
    left: list[Span] = []
    place = 0
    for span in spans:
        start = span.start
        while place < len(there) and there[place][1] <= start:
            place += 1
        at = place
        while at < len(there) and there[at][0] < span.end:
            if start < there[at][0]:
                left.append(Span(start, there[at][0], span.kind))
            start = there[at][1]
            at += 1
        if start < span.end:
            left.append(Span(start, span.end, span.kind))
    return left
