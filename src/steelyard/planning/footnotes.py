"""A sheet's remarks beside the claims that they are about: its footnotes, and a mode in the model's name.

A number that was reached with tools or by a vote is often marked in a footnote alone. Tested as if it were not, an
honest vendor would be accused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from steelyard.claims.benchmarks import benchmarks_in, key_of, keys_in, lookup
from steelyard.records import Claim, ClaimSheet, ModelIdentity
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.stated_shots import stated_shots, without_shots
from steelyard.tasks.subset import words_in
from steelyard.tasks.unsettled import HARMLESS, unsettled
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.tasks.task import Task

__all__ = ["settled_in_words", "why_unverifiable", "with_footnotes"]

_MOST: Final = 2_000  # characters of a footnote
_QUOTED, _SHOWN = 3, 100  # remarks that a reason quotes, and characters of each
# What a name adds behind the model's own, as tables do: gpt-oss-120b (high), Kimi K1.5 + TIR, Llama w/ tools.
_MODE: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|(?:\+ |\bw/|\b(?:with|without|using)\b).*", re.IGNORECASE)


def with_footnotes(sheet: ClaimSheet) -> ClaimSheet:
    """The sheet with each footnote in the note of each claim that it is about, which may state how it was measured.

    A footnote is about the claims whose benchmarks it names, and about all where it names none of the sheet. One that
    states worked examples alone is left out where the claim itself states them, and one that the note holds, too. What
    stands behind the model's name, and a sentence in ``source``, is about all; so is a heading, where one benchmark
    stands under several.
    """
    names = [_names(claim) for claim in sheet.claims]
    of_sheet = frozenset[str]().union(*names)
    cut = (text if len(text) <= _MOST else f"{text[:_MOST]}\u2026" for text in sheet.footnotes)
    read = [(text, _named_in(text, of_sheet)) for text in cut]
    read += [(found, frozenset[str]()) for name in (sheet.model, sheet.served_as) for found in _MODE.findall(name)]
    if " " in sheet.source and "://" not in sheet.source:  # a sentence: addresses and names of files say nothing
        read.append((sheet.source, frozenset()))
    headings: dict[object, set[str]] = {}
    for claim in sheet.claims:
        headings.setdefault(_stated(claim), set()).add(claim.heading)
    claims = []
    for claim, own in zip(sheet.claims, names, strict=True):
        said = [text for text, about in read if (not about or about & own) and not _is_known(text, claim)]
        if len(headings[_stated(claim)]) > 1 and claim.heading and claim.heading not in claim.note:
            said.append(claim.heading)
        note = "; ".join(filter(None, (claim.note, *(f"footnote: {text}" for text in said))))
        claims.append(msgspec.structs.replace(claim, note=note))
    return msgspec.structs.replace(sheet, claims=tuple(claims))


def why_unverifiable(sheet: ClaimSheet | None, claim: Claim | None, identity: ModelIdentity, task: Task) -> str:
    """Why a claim cannot be reproduced as the vendor states it; empty where it can, and without a claim.

    The words of the model's names, as sheet and endpoint give them, change nothing.
    """
    if sheet is None or claim is None:
        return ""
    names = (sheet.model, sheet.vendor, sheet.served_as, *sheet.variants)
    known = frozenset(words_in(" ".join((identity.name, *(_MODE.sub(" ", name) for name in names)))))
    found = unsettled(task.definition, RequestedProtocol.of_claim(claim), task.formats_for(claim), known)
    shown = ", ".join(f'"{one_line(each, _SHOWN)}"' for each in found[:_QUOTED])
    return f"the vendor states something that cannot be reproduced: {shown}" if found else ""


def settled_in_words(claim: Claim | None) -> tuple[str, ...]:
    """For each part of a remark that the sheet settles a sentence: whoever reads of a rejected claim must read it."""
    return tuple(
        f'If "{one_line(each.text, _SHOWN)}" changes nothing, as {one_line(each.by, 60)} states: '
        f"{one_line(each.reason, _SHOWN)}."
        for each in (claim.settled if claim else ())
    )


def _stated(claim: Claim) -> object:
    """What tells a row from others of its benchmark, without its heading."""
    return claim.task, claim.protocol, claim.variant, claim.metric, claim.shots


def _is_known(text: str, claim: Claim) -> bool:
    """Whether a claim's note holds a footnote, or its fields the worked examples that are all that it states."""
    if text in claim.note:
        return True
    left = HARMLESS.issuperset(words_in(_without_names(without_shots(text))))
    only_shots = left and bool(stated_shots(None, (text,)).in_words)
    return only_shots and bool(RequestedProtocol.of_claim(claim).stated_shots.in_words)


def _without_names(text: str) -> str:
    for start, end in reversed(list(benchmarks_in(text))):
        text = text[:start] + text[end:]
    return text


def _named_in(text: str, of_sheet: frozenset[str]) -> frozenset[str]:
    """The keys of a sheet's benchmarks that a text names: *MMMU Pro* is not MMMU, where the sheet has both."""
    found, rest, at = set[str](), [], 0
    for start, end in benchmarks_in(text):
        if (key := key_of(text[start:end])) in of_sheet:
            found.add(key)
            rest.append(text[at:start])
            at = end
    return frozenset(found.union(of_sheet.intersection(keys_in(" \n ".join((*rest, text[at:]))))))


def _names(claim: Claim) -> frozenset[str]:
    fact, own = lookup(claim.task), frozenset({key_of(claim.task)})
    return fact.keys | own if fact else own
