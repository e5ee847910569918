"""A sheet's footnotes, beside the claims that they are about: what they say of help, of several answers and of modes.

A number that was reached with tools or by a vote is often marked in a footnote alone. Tested as if it were not, an
honest vendor would be accused.
"""

from __future__ import annotations

from typing import Final

import msgspec

from steelyard.claims.benchmarks import key_of, keys_in, lookup
from steelyard.records import Claim, ClaimSheet
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.stated_shots import plain, stated_shots
from steelyard.tasks.stated_shots import without_shots as without_shots_in
from steelyard.tasks.understood import changes_a_test, mode_of_model

__all__ = ["with_footnotes"]

_MOST: Final = 2_000  # characters of a footnote


def with_footnotes(sheet: ClaimSheet) -> ClaimSheet:
    """The sheet with each footnote that changes how a claim may be tested in the note of each claim that it is about.

    A footnote is about the claims whose benchmarks it names, and about all where it names none of the sheet. It changes
    something where it says that there was help, another mode of the model, or several answers to a sample; or how many
    worked examples were shown, where the claim itself does not. A note that holds the footnote already is left alone.
    """
    names = [_names(claim) for claim in sheet.claims]
    of_sheet = frozenset[str]().union(*names)
    named = [(text, of_sheet.intersection(keys_in(text[:_MOST]))) for text in sheet.footnotes]
    if mode_of_model(sheet.model):
        named.append((f"model: {sheet.model}", frozenset()))
    if mode_of_model(sheet.served_as):
        named.append((f"served as: {sheet.served_as}", frozenset()))
    if " " in sheet.source and "://" not in sheet.source:  # a sentence: addresses and names of files say nothing
        named.append((f"source: {sheet.source}", frozenset()))
    return msgspec.structs.replace(
        sheet,
        claims=tuple(
            _with(claim, [text for text, about in named if not about or about & own])
            for claim, own in zip(sheet.claims, names, strict=True)
        ),
    )


def _with(claim: Claim, footnotes: list[str]) -> Claim:
    without_shots = not RequestedProtocol.of_claim(claim).stated_shots.in_words
    said = [text for text in footnotes if text not in claim.note and _matters(text[:_MOST], without_shots)]
    if not said:
        return claim
    note = "; ".join(filter(None, (claim.note, *(f"footnote: {text[:_MOST]}" for text in said))))
    return msgspec.structs.replace(claim, note=note)


def _matters(footnote: str, without_shots: bool) -> bool:
    text = plain(footnote)
    states_shots = bool(stated_shots(None, (text,)).in_words)
    return changes_a_test(without_shots_in(text)) or (without_shots and states_shots)


def _names(claim: Claim) -> frozenset[str]:
    fact, own = lookup(claim.task), frozenset({key_of(claim.task)})
    return fact.keys | own if fact else own
