"""A sheet's footnotes, beside the claims that they are about, where they are not known to change nothing.

A number that was reached with tools or by a vote is often marked in a footnote alone. Tested as if it were not, an
honest vendor would be accused.
"""

from __future__ import annotations

from typing import Final

import msgspec

from steelyard.claims.benchmarks import key_of, keys_in, lookup
from steelyard.records import Claim, ClaimSheet
from steelyard.tasks.other_measures import changes_a_test, mode_of_model
from steelyard.tasks.remarks import benchmarks_in, unknown_words, words_of_benchmark
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.stated_shots import plain, stated_shots
from steelyard.tasks.stated_shots import without_shots as without_shots_in
from steelyard.tasks.subset import words_in

__all__ = ["with_footnotes"]

_MOST: Final = 2_000  # characters of a footnote


def with_footnotes(sheet: ClaimSheet) -> ClaimSheet:
    """The sheet with each footnote that may change how a claim is tested in the note of each claim that it is about.

    A footnote is about the claims whose benchmarks it names, and about all where it names none of the sheet. It may
    change something where it says that there was help, another mode of the model, or several answers to a sample; where
    it holds a word that is not known to change nothing; or where it says how many worked examples were shown, and the
    claim itself does not. A note that holds the footnote already is left alone. Of ``source`` and the names of the
    model only the first is read.
    """
    names = [_names(claim) for claim in sheet.claims]
    of_sheet = frozenset[str]().union(*names)
    known = frozenset(words_in(f"{sheet.model} {sheet.vendor} {sheet.served_as}"))
    read = [_Footnote(text, _named_in(text[:_MOST], of_sheet), known) for text in sheet.footnotes]
    if mode_of_model(sheet.model):
        read.append(_Footnote(f"model: {sheet.model}", frozenset()))
    if mode_of_model(sheet.served_as):
        read.append(_Footnote(f"served as: {sheet.served_as}", frozenset()))
    if " " in sheet.source and "://" not in sheet.source:  # a sentence: addresses and names of files say nothing
        read.append(_Footnote(f"source: {sheet.source}", frozenset()))
    return msgspec.structs.replace(
        sheet,
        claims=tuple(
            _with(claim, [each for each in read if not each.about or each.about & own])
            for claim, own in zip(sheet.claims, names, strict=True)
        ),
    )


def _named_in(text: str, of_sheet: frozenset[str]) -> frozenset[str]:
    """The keys of a sheet's benchmarks that a text names: *MMMU Pro* is not MMMU, where the sheet has both."""
    found, rest, at = set[str](), [], 0
    for start, end in benchmarks_in(text):
        if (key := key_of(text[start:end])) in of_sheet:
            found.add(key)
            rest.append(text[at:start])
            at = end
    return frozenset(found.union(of_sheet.intersection(keys_in(" \n ".join((*rest, text[at:]))))))


class _Footnote:
    """A remark of a sheet, the sheet's benchmarks that it names, and the words of the model's name.

    Without these (None) it is held to the lists of dangers alone.
    """

    def __init__(self, text: str, about: frozenset[str], known: frozenset[str] | None = None) -> None:
        self.text, self.about, self._known = text, about, known
        shown = plain(text[:_MOST])
        self._states_shots = bool(stated_shots(None, (shown,)).in_words)
        self._matters_to_all = changes_a_test(without_shots_in(shown)) or self._has_unknown("")

    def matters(self, claim: Claim, without_shots: bool) -> bool:
        """Whether it may change how this claim is tested, which states no worked examples where ``without_shots``."""
        if self._matters_to_all or (without_shots and self._states_shots):
            return True
        return bool(self.about) and self._has_unknown(claim.task)

    def _has_unknown(self, task: str) -> bool:
        if self._known is None:
            return False
        fact = lookup(task)
        name, own = (f"{fact.id} {fact.title}", words_of_benchmark(task)) if fact else (task, frozenset())
        return bool(unknown_words(self.text[:_MOST], name, own, self._known))


def _with(claim: Claim, footnotes: list[_Footnote]) -> Claim:
    without_shots = not RequestedProtocol.of_claim(claim).stated_shots.in_words
    said = [each.text for each in footnotes if each.text not in claim.note and each.matters(claim, without_shots)]
    if not said:
        return claim
    note = "; ".join(filter(None, (claim.note, *(f"footnote: {text[:_MOST]}" for text in said))))
    return msgspec.structs.replace(claim, note=note)


def _names(claim: Claim) -> frozenset[str]:
    fact, own = lookup(claim.task), frozenset({key_of(claim.task)})
    return fact.keys | own if fact else own
