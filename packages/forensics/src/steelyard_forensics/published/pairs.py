"""A log's outputs beside the answers of a model that is served, on the same prompts: what became of each pair.

The two texts of a pair are read as one line each, up to the length of the shorter one: other limits of an answer, other
stop rules and other white space are not seen. Where they are the same so far, the pair says nothing. Else it is guessed
whose is whose, from the pairs before (:class:`~steelyard_forensics.text_identity.text_reader.TextReader`).

A pair is left out, without a guess and without learning from it, where a text or the prompt came before; where so
little is there that two models would write the same; and where one text stands within the other, or differs from it in
nothing but case and signs: so look outputs that a harness has cut or rewritten. Each rule treats both sides alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from steelyard.auditing.scoring import output_of, sample_of
from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.records import Attempt, GenerateRequest
from steelyard.records.record import Record
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder
from steelyard_forensics.text_identity.text_reader import TextReader, grams_of_pair

__all__ = [
    "BEGINNING",
    "LEAST",
    "MOST_PAIRS",
    "SAID",
    "OutputPair",
    "Texts",
    "asked",
    "is_held",
    "read_pairs",
    "texts_of",
]

BEGINNING: Final = 100
"""Characters of two outputs: how far these are the same is what is called alike."""

LEAST: Final = 24
"""Characters: shorter outputs, as a letter or a number, are much the same whoever writes them."""

MOST_PAIRS: Final = 2_000
"""That are read of a benchmark."""

SAID: Final[Mapping[str, str]] = {
    "r": "right",
    "w": "wrong",
    "e": "even",
    "s": "same",
    "a": "again",
    "n": "short",
    "x": "rewritten",
    "m": "missing",
}
"""What may become of a pair: a guess that was right or wrong, or even, since nothing spoke for either; the same as far
as both go; a text or the prompt came before; too short; one within the other, or the same but for case and signs; not
answered, or behind reasoning, on one side at least."""

_MOST: Final = 400  # characters of a text that are read, as the reader does
_HEAD: Final = 60  # letters and digits by which a text is recognised within another one


class OutputPair(Record, frozen=True, kw_only=True):
    """What became of one prompt: a letter of :data:`SAID`, and how much of the beginnings is the same.

    ``alike`` is a share of the first :data:`BEGINNING` characters, or of the shorter text where that has fewer; None
    where the two are not read.
    """

    sample: str
    said: str
    alike: float | None = None


class Texts(NamedTuple):
    """A sample's name, its place in the committed order of its run, and its text; None: not answered."""

    sample: str
    place: tuple[int, int]
    text: str | None


def is_held(attempt: Attempt) -> bool:
    """Whether it is a sample's first answer, all of which is here: reasoning that stands apart would be missing."""
    is_first = attempt.final and attempt.position >= 0 and not attempt.repeat
    return is_first and attempt.outcome.answered and not attempt.reasoning and not attempt.reasoning_tokens


def texts_of(run: RunFolder, measurements: Sequence[str]) -> dict[str, dict[str, Texts]]:
    """By measurement and by what was asked: each prompt's first text.

    Of a prompt that comes several times in a measurement, the first in the committed order is taken, whatever was
    answered. Raises InputError where texts are withheld.
    """
    index, known = open_index(run.path), {name: at for at, name in enumerate(measurements)}
    found: dict[str, dict[str, Texts]] = {name: {} for name in measurements}
    for record, _ in read_lines(run.path):
        is_asked = isinstance(record, Attempt) and record.final and record.position >= 0 and not record.repeat
        if not is_asked or not isinstance(record, Attempt) or record.measurement not in known:
            continue
        sample, output = sample_of(record, index), output_of(record, index)
        if sample is None or output is None:
            raise InputError("its texts are withheld: use the folder that it was made in", where=run.path)
        if not isinstance(sample.request, GenerateRequest):
            continue
        by, place = asked(sample.request), (known[record.measurement], record.position)
        of = found[record.measurement]
        if by not in of or place < of[by].place:
            of[by] = Texts(sample.id, place, output.text if is_held(record) else None)
    return found


def asked(request: GenerateRequest) -> str:
    """A digest of what a request puts before a model; limits and stop rules are not in it."""
    shown = GenerateRequest(
        prompt=request.prefix + request.prompt,
        chat=request.chat,
        system=request.system,
        history=request.history,
        reasoning_effort=request.reasoning_effort,
        images=request.images,
    )
    return sha256_hex(canonical(shown))


def read_pairs(
    theirs: Mapping[str, Texts],
    served: Mapping[str, Texts],
    notify: Callable[[int, int], None] = lambda read, of: None,
    *,
    drawn_by: str = "",
) -> tuple[OutputPair, ...]:
    """The first pairs of one benchmark, in the committed order of the served answers, at most :data:`MOST_PAIRS`.

    ``drawn_by``, where it is not empty, fixes the order instead: prompts are sorted by their digests with it.
    """
    shared = theirs.keys() & served.keys()
    places = {each: (sha256_hex(f"{drawn_by} {each}".encode()) if drawn_by else served[each].place) for each in shared}
    both = sorted(shared, key=lambda each: (places[each], each))[:MOST_PAIRS]
    reader, seen, found = TextReader(), set[str](), list[OutputPair]()
    for number, asked in enumerate(both, 1):
        found.append(_pair(theirs[asked], served[asked].text, reader, seen))
        notify(number, len(both))
    return tuple(found)


def _pair(theirs: Texts, other: str | None, reader: TextReader, seen: set[str]) -> OutputPair:
    if theirs.text is None or other is None:
        return OutputPair(sample=theirs.sample, said="m")
    one, two = _line(theirs.text), _line(other)
    came_before = not seen.isdisjoint((one, two))
    seen |= {one, two}
    length = min(len(one), len(two))
    if came_before or length < LEAST or _is_rewritten(one, two):
        said = "a" if came_before else "n" if length < LEAST else "x"
        return OutputPair(sample=theirs.sample, said=said)
    alike = round(_shared(one, two) / min(length, BEGINNING), 6)
    if one[:length] == two[:length]:
        return OutputPair(sample=theirs.sample, said="s", alike=alike)
    right = reader.guess(grams_of_pair((one[:length],), (two[:length],)))
    said = "e" if right is None else "r" if right else "w"
    return OutputPair(sample=theirs.sample, said=said, alike=alike)


def _line(text: str) -> str:
    """A text in one line, as far as it is read."""
    return " ".join(text.replace("\ufffd", " ").split())[:_MOST]


def _shared(one: str, two: str) -> int:
    """How many of the first characters are the same, up to :data:`BEGINNING`."""
    length = min(len(one), len(two), BEGINNING)
    return next((at for at in range(length) if one[at] != two[at]), length)


def _is_rewritten(one: str, two: str) -> bool:
    """Whether the texts differ in case and signs alone, or one begins within the other: so looks what a harness cut."""
    mine, theirs = _plain(one), _plain(two)
    length = min(len(mine), len(theirs))
    if length < LEAST // 2 or one[: len(two)] == two[: len(one)]:
        return False
    return mine[:length] == theirs[:length] or theirs.find(mine[:_HEAD]) > 0 or mine.find(theirs[:_HEAD]) > 0


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def counts(pairs: Sequence[OutputPair], *said: str) -> int:
    """How many pairs came to one of these words of :data:`SAID`."""
    return sum(SAID[each.said] in said for each in pairs)


def scores(pairs: Sequence[OutputPair]) -> Iterator[float]:
    """What the bets take of each pair: 1 for a right guess, 0 for a wrong or missing one, ½ where none was made."""
    for each in pairs:
        yield {"r": 1.0, "w": 0.0, "m": 0.0}.get(each.said, 0.5)
