"""The ledger beside a key: what was planned with it, line by line, each signed and chained to the one before.

A line is a JSON array: event, number, time (UTC), word, plan, previous, tags, signature.

* ``opened``: the first line; its word says whether it was opened ``with the key`` or ``later``.
* ``begun``: before a plan is sealed; its word is ``audit`` or ``run``. A sealed suite has the word ``suite``, the
  digest of its seal for a plan, and no tags.
* ``ended``: its word is ``sealed``, ``finalized`` or ``abandoned``. A crash leaves a plan without it, which counts. In
  the place of tags it has the root over the answers, in Base64, so that a plan has one end: whoever copies a run that
  has begun, and lets each copy be answered, can seal one of them.
* ``carried``: a plan that another key began, which is lost, and that is counted on here; its word is that of *begun*.
  It has no end. A platform writes it for what its database has and the ledger has not.

``plan`` and ``previous`` are SHA-256 (of the plan's payload, of the line before) in Base64, as the signature is. Tags
are one triple for each question of the plan: of question, subject and benchmark (:mod:`steelyard.evidence.order`).
Equal questions have equal tags, and nobody without the key learns what they are. So a bundle carries the whole chain
and says nothing of other vendors. A line of a plan with one question has fewer than 300 bytes.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, cast

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import SAFE_INTEGER, canonical, parse_canonical
from steelyard.evidence.keys import CryptoSigner, SSlibKey, sign_deterministic, verify_raw

__all__ = [
    "MAX_LEDGER_BYTES",
    "Begun",
    "Counts",
    "Line",
    "Tags",
    "begun_line",
    "carried_line",
    "carried_plans",
    "check_chain",
    "counts_of",
    "digest_of_plan",
    "ended_line",
    "has_other_end",
    "opened_line",
    "parse_lines",
]

CONTEXT: Final = b"steelyard-ledger/1\n"
MAX_LEDGER_BYTES: Final = 64 * 1024 * 1024
MAX_LINE_BYTES: Final = 64 * 1024
WORDS: Final = {
    "opened": ("with the key", "later"),
    "begun": ("audit", "run", "suite"),
    "carried": ("audit", "run"),
    "ended": ("sealed", "finalized", "abandoned"),
}
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_TAG: Final = re.compile(r"[A-Za-z0-9_-]{11}")
_SIGNATURE: Final = re.compile(r"[A-Za-z0-9_-]{86}")

Begun = Literal["audit", "run", "suite"]


@dataclass(frozen=True, slots=True)
class Tags:
    """One question of a plan, as its ledger shows it: the tags of the question, its subject and its benchmark."""

    question: str
    subject: str
    benchmark: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ledger. ``digest`` is its own SHA-256, which the next line names as ``previous``.

    ``answers`` is the root over the answers of a plan that has ended, in Base64; empty where the line has none.
    """

    event: str
    number: int
    at: str
    word: str
    plan: str
    previous: str
    tags: tuple[Tags, ...]
    signature: str
    digest: str
    answers: str = ""

    @property
    def canonical_bytes(self) -> bytes:
        """The line as it stands in the ledger, without its newline: what ``digest`` is of."""
        return canonical([*_told(self), self.signature])


@dataclass(frozen=True, slots=True)
class Counts:
    """What a key did before a plan: how often it audited the question, and what else it planned.

    What is carried from an earlier key counts with it, but for ``never_ended``: how that ended no line says.
    ``number`` counts this plan too: 1 is the first. So does ``order_number``, over all audits (or runs) with the
    benchmark, whatever their subject. ``of_subject`` are its other plans about the subject, ``of_benchmark`` those of
    the benchmark about other subjects, ``never_ended`` those of both without an end.
    """

    number: int = 1
    order_number: int = 1
    of_subject: int = 0
    of_benchmark: int = 0
    never_ended: int = 0


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def opened_line(signer: CryptoSigner, at: str, *, with_key: bool) -> bytes:
    """The first line of a ledger."""
    return _signed(signer, "opened", 0, at, "with the key" if with_key else "later", "", "", ())


def begun_line(
    signer: CryptoSigner, before: Sequence[Line], at: str, kind: Begun, plan: str, tags: Iterable[Tags]
) -> bytes:
    """The line before a plan is sealed; ``plan`` is the SHA-256 of its payload, in hexadecimal digits."""
    return _signed(signer, "begun", len(before), at, kind, digest_of_plan(plan), before[-1].digest, tuple(tags))


def carried_line(
    signer: CryptoSigner, before: Sequence[Line], at: str, kind: Begun, plan: str, tags: Iterable[Tags]
) -> bytes:
    """The line that counts on a plan of another key; as :func:`begun_line`."""
    return _signed(signer, "carried", len(before), at, kind, digest_of_plan(plan), before[-1].digest, tuple(tags))


def ended_line(signer: CryptoSigner, before: Sequence[Line], at: str, word: str, plan: str, answers: str = "") -> bytes:
    """The line after a plan's end; ``answers`` is the root over its answers, in hexadecimal digits."""
    root = digest_of_plan(answers) if answers else ""
    return _signed(signer, "ended", len(before), at, word, digest_of_plan(plan), before[-1].digest, (), root)


def digest_of_plan(plan: str) -> str:
    """A SHA-256 in hexadecimal digits as a ledger writes it."""
    return _base64(bytes.fromhex(plan))


def _signed(
    signer: CryptoSigner,
    event: str,
    number: int,
    at: str,
    word: str,
    plan: str,
    previous: str,
    tags: Sequence[Tags],
    answers: str = "",
) -> bytes:
    told = [event, number, at, word, plan, previous, _last(tags, answers)]
    signature = sign_deterministic(signer, CONTEXT + canonical(told))
    return canonical([*told, _base64(signature)]) + b"\n"


def _last(tags: Iterable[Tags], answers: str) -> list[object]:
    """What stands last before the signature: tags, or the root over the answers of a plan that has ended."""
    return [answers] if answers else [[each.question, each.subject, each.benchmark] for each in tags]


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def parse_lines(data: bytes, where: str) -> list[Line]:
    """The lines of a ledger; raises VerificationError, naming ``where`` and the line, for anything else.

    Signatures and the chain are not checked: :func:`check_chain` does that.
    """
    if not data.endswith(b"\n"):
        raise VerificationError(f"{where}: its last line is cut off")
    return [_parsed(line, f"{where} line {number}") for number, line in enumerate(data[:-1].split(b"\n"), 1)]


def _parsed(line: bytes, where: str) -> Line:
    if len(line) > MAX_LINE_BYTES:
        raise VerificationError(f"{where}: longer than {MAX_LINE_BYTES} bytes")
    try:
        value = parse_canonical(line)
    except ValueError:
        value = None
    if not _is_line(value):
        raise VerificationError(f"{where}: not a line of a ledger")
    event, number, at, word, plan, previous, tags, signature = cast("list[object]", value)
    is_end = event == "ended"
    triples = () if is_end else tuple(Tags(*each) for each in cast("list[list[str]]", tags))
    answers = "".join(cast("list[str]", tags)) if is_end else ""
    digest = _base64(sha256(line).digest())
    return Line(*cast("tuple[str, int, str, str, str, str]", (event, number, at, word, plan, previous)), triples,
                str(signature), digest, answers)  # fmt: skip


def _is_line(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 8 or not isinstance(value[0], str) or value[0] not in WORDS:
        return False
    event, number, at, word, plan, previous, tags, signature = value
    is_first = event == "opened"
    return (
        type(number) is int
        and 0 <= number <= SAFE_INTEGER
        and _matches(_TIME, at)
        and word in WORDS[event]
        and (plan == "" if is_first else _matches(_DIGEST, plan))
        and (previous == "" if is_first else _matches(_DIGEST, previous))
        and isinstance(tags, list)
        and (_are_tags(tags) if event in ("begun", "carried") else _is_root(tags) if event == "ended" else not tags)
        and _matches(_SIGNATURE, signature)
    )


def _are_tags(value: list[object]) -> bool:
    return all(isinstance(each, list) and len(each) == 3 and all(_matches(_TAG, tag) for tag in each) for each in value)


def _is_root(value: list[object]) -> bool:
    return not value or (len(value) == 1 and _matches(_DIGEST, value[0]))


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def check_chain(lines: Sequence[Line], public: SSlibKey, where: str) -> None:
    """Raise VerificationError, naming the line, where one is missing, forked, replayed or not signed by the key."""
    running: set[str] = set()
    begun: set[str] = set()
    for number, line in enumerate(lines):
        place = f"{where} line {number + 1}"
        if line.number != number or (line.event == "opened") != (number == 0):
            raise VerificationError(f"{place}: a line is missing before it, or it was moved")
        if number and line.previous != lines[number - 1].digest:
            raise VerificationError(f"{place}: does not follow the line before it: the ledger was forked or changed")
        if not verify_raw(public, CONTEXT + canonical(_told(line)), urlsafe_b64decode(line.signature + "==")):
            raise VerificationError(f"{place}: not signed by key {public.keyid}")
        if line.event in ("begun", "carried"):
            if line.plan in begun:
                raise VerificationError(f"{place}: begins a plan a second time")
            begun.add(line.plan)
            if line.event == "begun":
                running.add(line.plan)
        elif line.event == "ended":
            if line.plan not in running:
                raise VerificationError(f"{place}: ends a plan that has not begun")
            running.discard(line.plan)


def _told(line: Line) -> list[object]:
    return [
        line.event, line.number, line.at, line.word, line.plan, line.previous, _last(line.tags, line.answers)
    ]  # fmt: skip


def counts_of(before: Sequence[Line], kind: Begun, tags: Tags) -> Counts:
    """What the lines before a plan say of one of its questions."""
    number, order_number, of_subject, of_benchmark, open_plans = 1, 1, 0, 0, 0
    ended = {line.plan for line in before if line.event == "ended"}
    for line in before:
        if line.event not in ("begun", "carried"):
            continue
        number += line.word == kind and any(each.question == tags.question for each in line.tags)
        order_number += line.word == kind and any(each.benchmark == tags.benchmark for each in line.tags)
        is_subject = any(each.subject == tags.subject for each in line.tags)
        is_benchmark = any(each.benchmark == tags.benchmark and each.subject != tags.subject for each in line.tags)
        of_subject += is_subject
        of_benchmark += is_benchmark
        open_plans += (is_subject or is_benchmark) and line.event == "begun" and line.plan not in ended
    return Counts(number, order_number, of_subject, of_benchmark, open_plans)


def has_other_end(lines: Iterable[Line], plan: str, answers: str) -> bool:
    """Whether a plan ended with other answers than those of this root; both are SHA-256 in hexadecimal digits."""
    own, root = digest_of_plan(plan), digest_of_plan(answers)
    return any(line.event == "ended" and line.plan == own and line.answers not in ("", root) for line in lines)


def carried_plans(before: Sequence[Line]) -> int:
    """How many plans of earlier keys the lines before a plan count on."""
    return sum(line.event == "carried" for line in before)
