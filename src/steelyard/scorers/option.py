"""The choice whose text the model wrote, such as *yes* or *no*."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from steelyard.errors import InputError
from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample, Score
from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.labels import chosen_label, names_no_label, spelled_out
from steelyard.scorers.reading.marks import marked_answers
from steelyard.scorers.reading.phrases import TRUTH_WORDS, hedges
from steelyard.scorers.reading.texts import holds

__all__ = ["Option"]

MAX_CHARACTERS = 10_000
_NONE = "names none of the choices that the model was shown"
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s*|\n+")
_WORD = re.compile(r"\w+")
_NOT_IT = re.compile(
    r"[\"'*]*\s+(?:isn't|(?:is|would be|ist|est|es)\s+(?:not|wrong|incorrect|false|falsch|nicht|faux))\b"
)
# A word that closes its clause, as an answer does: the "no" of "yes, no", not that of "yes, no doubt".
_CLOSING = re.compile(
    r"(?<!not )(?<!n't )\b(\w+)(?=[\s*\"')]*(?:[.,;:!?/|。、]|\Z|\s(?:or|and|if|otherwise|in|maybe)\b))"
)
_NO_ANSWER = re.compile(r"\s+(?:clear|idea|one|answer|doubt|question|problem|worries|information|matter|way to)\b")
_RETRACTS = re.compile(r"\b(?:wait|actually|no[,:]|rather|sorry|correction|instead|but)\b|\?|\.\.")
_JOINS = re.compile(r"\b(?:and|or|und|oder|et|ou|y|o|otherwise|maybe|else)\b|[/|]")
_WEAKENS = re.compile(
    r"\b(?:hardly|barely|scarcely|hard to|difficult to|[a-z]{2,6}n['’]t|kaum|à peine)\b|(?<![^\W_])non[ -]"
)


@dataclass(frozen=True, slots=True)
class Option:
    """The choice that the marked answer, else the output, begins with; else the only one in it as whole words.

    So *Yes, there is no doubt* is yes; *Ja* and *true* are yes too, where the choices are yes and no. Case and dress
    make no difference, nor do *ä* and *ae*, *ß* and *ss*, *&* and *und*. Where the output begins with several, the
    longest counts. Several choices, or what may be meant for one, are open. A finished answer in which nothing could
    be meant for a choice is wrong where the model was shown them. Reads the first 10,000 characters.
    """

    reads_truncated: ClassVar[bool] = True

    @classmethod
    def from_options(cls, options: str) -> Option:
        """Raises InputError: there are no options."""
        raise InputError(f"option has no option {options!r}")

    @property
    def identifier(self) -> str:
        """``option@3``."""
        return "option@3"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the choice is the target, 0 for another and for none of those shown, else open."""
        text = output.text[:MAX_CHARACTERS]
        marked = marked_answers(text)
        if output.outcome is Outcome.TRUNCATED:
            closed = [each for each in marked if each.closed]
            found = _begun(_plain(closed[-1].text), sample) if closed else _closed_opening(text, sample)
        else:
            read = _without_contrast(_plain(marked[-1].text if marked else text), sample)
            found = _begun(read, sample)
            if found is None:
                found = _held(read, sample)
                if _denies(read, sample) and not chosen_label(read, map(_plain, sample.choices)):
                    found = []
        if found is None or len(found) != 1:
            return Score(value=0.0, note=_NONE) if _names_none(sample, output) else Score(value=None)
        return Score(value=float(str(found[0]) == sample.target))


def _plain(text: str) -> str:
    """A text or a choice to be compared, ``not_entailment`` as *not entailment*."""
    return spelled_out(comparable(text).replace("_", " "))


def _names_none(sample: Sample, output: ModelOutput) -> bool:
    """Whether a finished answer names no choice, and the model was shown what to choose from."""
    if output.outcome is not Outcome.OK or len(output.text) > MAX_CHARACTERS:
        return False
    request = sample.request
    asked = f"{request.system}\n{request.prompt}" if isinstance(request, GenerateRequest) else ""
    return all(holds(asked, each) for each in sample.choices) and names_no_label(output.text, sample.choices)


def _without_contrast(read: str, sample: Sample) -> str:
    """Without the choice that a text contrasts with its answer: "positive, not negative"."""
    choices = "|".join(re.escape(choice) for choice in map(_plain, sample.choices) if choice)
    return re.sub(rf"\s*[,(]\s*(?:and\s+)?not\s+(?:{choices})\b\)?", "", read) if choices else read


def _begun(read: str, sample: Sample) -> list[int] | None:
    """The number of the longest choice that a text begins with; empty where it takes that back, None without any."""
    first = re.split(r"[\s。、，！]", read)[:1]
    begun = [
        (len(choice), number)
        for number, choice in enumerate(map(_plain, sample.choices))
        if choice and read.startswith(choice) and not read[len(choice) : len(choice) + 1].isalnum()
    ]
    if begun:
        longest = max(begun)[0]
        return [] if _is_unsettled(read, longest, sample) else [number for length, number in begun if length == longest]
    for words in TRUTH_WORDS:
        if first and first[0].strip(",.;:!") in words:
            if _is_unsettled(read, len(first[0].strip(",.;:!")), sample):
                return []
            return [number for number, choice in enumerate(map(_plain, sample.choices)) if choice in words] or None
    return None


def _is_unsettled(read: str, length: int, sample: Sample) -> bool:
    """Whether what follows the choice at the start takes it back, or names another: "yes or no", "Yes is wrong"."""
    rest = read[length:]
    if _NOT_IT.match(rest) or (read[:length] == "no" and _NO_ANSWER.match(rest)):
        return True
    sentences = [each for each in _SENTENCE_END.split(rest) if each.strip()]
    for number, sentence in enumerate(sentences):
        words, said = _WORD.findall(sentence), _side(read[:length], sample)
        others = {word for word in _CLOSING.findall(sentence) if _side(word, sample) not in (None, said)}
        if said is None:
            others |= {str(each) for each in _held(sentence, sample) if not read.startswith(_choice(each, sample))}
        if others and (number == 0 or len(words) <= 2 or _RETRACTS.search(sentence)) and _competes(sentence, words):
            return True
    return False


def _competes(sentence: str, words: list[str]) -> bool:
    """Whether a second choice in a sentence may be its answer: it is listed beside the first, or ends the sentence."""
    return len(words) <= 4 or bool(_JOINS.search(sentence)) or bool(_RETRACTS.search(sentence))


def _side(word: str, sample: Sample) -> bool | None:
    """The truth that a word stands for, where the choices are such words themselves."""
    if not any(_choice(number, sample) in words for number in range(len(sample.choices)) for words in TRUTH_WORDS):
        return None
    return True if word in TRUTH_WORDS[0] else False if word in TRUTH_WORDS[1] else None


def _choice(number: int, sample: Sample) -> str:
    return _plain(sample.choices[number])


def _denies(read: str, sample: Sample) -> bool:
    """Whether a word that excludes stands in a text, beside its choices: "It is not positive"."""
    for choice in sorted(map(_plain, sample.choices), key=len, reverse=True):
        if choice:
            read = re.sub(rf"(?<!\w){re.escape(choice)}(?!\w)(?=[\s*\"')]*(?:[.,;:!?]|\Z))", " ", read)
    return hedges(read) or bool(_WEAKENS.search(read))


def _held(read: str, sample: Sample) -> list[int]:
    return [number for number, choice in enumerate(map(_plain, sample.choices)) if choice and holds(read, choice)]


def _closed_opening(text: str, sample: Sample) -> list[int]:
    """The choice that a cut output begins with, where a mark closes it and words follow: "Yes, since it is …"."""
    read = _plain(text)
    found = _begun(read, sample)
    if not found:
        return []
    choice = _plain(sample.choices[found[0]])
    rest = read[len(choice) :]
    is_closed = read.startswith(choice) and rest[:1] in tuple(",.;:!") and len(_WORD.findall(rest)) > 3
    return found if is_closed and not _RETRACTS.search(rest) else []
