"""The letter of a choice, read from the text of a model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Outcome, Sample, Score
from steelyard.scorers.reading.dress import FULL_WIDTH, comparable, undress
from steelyard.scorers.reading.frames import read_in_frame
from steelyard.scorers.reading.marks import marked_answers
from steelyard.scorers.reading.parts import RETRACTED, goes_on, read_with_own_part
from steelyard.scorers.reading.phrases import ANSWER_MARK, hedges
from steelyard.scorers.reading.texts import Reading, holds

__all__ = ["Letter"]

MAX_CHARACTERS = 10_000
SHORT = 60
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LEAD = (
    r"[\s*_(\[\"'#`$\\{]{0,10}(?:(?i:option|choice|answer|antwort|letter|text|boxed|textbf|buchstabe"
    r"|opción|letra|réponse|la|ans\.?)[\s:{*(]{1,4}){0,2}"
)
# A letter with its closing mark, or alone to the end: "B. Paris", "(B)", "**B**", "B: …", "B – …", "Option B is".
_FIRST = re.compile(
    rf"\A{_LEAD}([A-Z])(?:\s*[.):,;\]*_\"'`\n}}]|\s+[-–—=]\s|\s*\Z|\s+(?:is|because|since|ist|est)\b"
    r"|[。、，：]|です|が|になります)"
)
_FIRST_SMALL = re.compile(r"\A[\s*_(\[\"'`]{0,8}([a-z])(?:[.)\]]|[*_\"'`]*\s*\Z)")
_DELIMITED = re.compile(
    r"[(\[*]([A-Z])[)\]*]|(?:^|\n)[ \t*]*([A-Z])[.):](?=\s|\Z)|\b(?i:option|choice|answer)[ ]([A-Z])\b"
)
# "It is B." as the end of the output.
_PREDICATE = re.compile(
    r"(?:\b(?i:is|be|it's|ist|est|es|choose|pick|select|with|option|so|therefore|thus|hence|leaves|wähle|nehme"
    r"|choisis|réponse|antwort),?|[:=→]|[,;]\s+so)\s+(?:(?:la|l[’']option|option|opción|letra|réponse|respuesta)\s+){0,2}"
    r"[*_\"'(]{0,3}([A-Z])[*_\"').!]{0,4}\s*\Z"
)
_LISTED = re.compile(
    r"(?<![\w'’])([A-Z])[*_)\].:\"']{0,3}\s*(?:[/,;&+]|\b(?i:or|oder|ou|and|und|et|nor)\b|または)\s*"
    r"(?:(?i:option)\s+)?[*_(\[\"']{0,3}([A-Z])(?!\w)"
)
_EXCLUDED = re.compile(
    r"\b(?i:not|never|isn't|neither|nicht|pas|keine?|no)\s+(?:(?i:the\s+)?(?i:option|answer|choice)\s+)?"
    r"[*_(\[\"']{0,3}([A-Z])(?![\w'’])"
)
# "B is wrong", "B) Berlin – incorrect", and what affirms one: "B: correct".
_JUDGED = re.compile(
    r"(?:\A|(?<=[\s(*,;.:]))([A-Z])[*_)\]\"'.:]{0,3}\s*[*_]{0,2}(?:[^\n.!?]{2,60}?\s[*_]{0,2}(?=[–—:❌✗✘✅✔✓-]))?"
    r"(?:[–—:-]\s*)?"
    r"(?:(?P<no>(?:(?:is|was|would be|ist|est|es|n'est)\s+)?"
    r"(?:not\b|wrong|incorrect|false|falsch|nicht|pas|faux|falso|no\b)"
    r"|isn't|❌|✗|✘|是?错|不正确|ではな|は間違|は誤)|(?P<yes>(?:is\s+|ist\s+)?"
    r"(?:the\s+)?(?:only\s+)?(?:correct|right|true|richtig)"
    r"|✅|✔|✓|が正解|が正し|正确))"
)
_TURN = re.compile(
    r"(?i:\b(?:actually|no|wait|maybe|possibly|perhaps|rather))[,:. ]+"
    r"(?:[a-z']+ ){0,5}[*_(]{0,3}([A-Z])(?![\w'’]|[ ][a-z])"
)
# What follows the letter of a cut output: words of its choice, not "B is wr", "(B) or (C", "B, C".
_ON_ITS_OWN = re.compile(r"(?!\W*(?:is|ist|est|es|or|and|oder|und|ou|et|nor|isn't|was)\b)\W*\w{2,}\W+\w", re.IGNORECASE)
_PRONOUN = re.compile(r"\bI(?=[ '’][a-z])")
_CLAUSE = re.compile(r"[.!?,;:\n]")
_UNLIKELY = re.compile(r"\b(?i:no|not|never|wrong|incorrect|false|least|except|falsch|nicht|pas)\b|n't\b")
_CHOSEN = re.compile(r"(?<![不别])选(?:择|项)?[ ：:]*[*(（]{0,3}([A-Z])")
# MMLU-Pro's own first rule, which is lm-eval's only one. "The answer is All …" gives A, there as here.
_STRICT = re.compile(r"answer is \(?([A-J])\)?")


@dataclass(frozen=True, slots=True)
class Letter:
    r"""The letter that the answer names, A for the first choice, or the choice whose text it writes.

    Rules, in this order: the last marked answer ("answer is X", ``\boxed{X}``, JSON …); a letter with a closing mark
    at the start; the text of one choice; letters in brackets or bold. Only the letters of the sample's choices count.
    Where an unmarked answer names several, or none is named, the output is open. Reads the last 10,000 characters.

    ``strict``: the first "answer is (X)", X from A to J, wherever it occurs, and nothing else: MMLU-Pro in lm-eval.
    Without it unparsed, which counts as wrong.
    """

    reads_truncated: ClassVar[bool] = True

    strict: bool = False
    former: bool = False

    @classmethod
    def from_options(cls, options: str) -> Letter:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        if options != "strict":
            raise InputError(f"letter has no option {options!r}")
        return cls(strict=True)

    @property
    def identifier(self) -> str:
        """``letter@5`` or ``letter[strict]@2``."""
        return "letter[strict]@2" if self.strict else f"letter@{5 - self.former}"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the letter is the target's, 0 for another, open where it cannot be read in one way."""
        truncated = output.outcome is Outcome.TRUNCATED
        if self.strict:
            match = _STRICT.search(output.text)
            if match is None:
                return Score(value=None) if truncated else Score(value=0.0, parsed=False, note="no letter")
            return _scored(match.group(1), sample)
        text = output.text[-MAX_CHARACTERS:].translate(FULL_WIDTH)

        def read(text: str) -> Reading:
            return read_with_own_part(text, truncated, lambda part, is_cut: _reading(part, sample, truncated=is_cut))

        reading = read(text) if self.former or truncated else read_in_frame(text, read, partial(_names_target, sample))
        return Score(value=None if reading is None else float(reading))


def _names_target(sample: Sample, text: str) -> bool:
    """Whether a text holds the target's letter or text, or a choice is that no other is right."""
    right, said = int(sample.target), comparable(text)
    is_held = holds(_PRONOUN.sub("", text), _LETTERS[right])
    is_held = is_held or any(holds(said, comparable(each)) for each in sample.choices[right : right + 1])
    return is_held or ("none" in said and any("none" in each.casefold() for each in sample.choices))


def _scored(letter: str, sample: Sample) -> Score:
    return Score(value=float(str(_LETTERS.index(letter)) == sample.target))


def _reading(text: str, sample: Sample, *, truncated: bool) -> bool | None:
    letter = _settled(text, sample) if truncated else _undenied(text, sample)
    if letter is None:
        return None
    return bool(_scored(letter, sample).value) or (None if _ends_with_target(text, sample) else False)


def _ends_with_target(text: str, sample: Sample) -> bool:
    """Whether the target ends what follows the mark, as in "The answer is (B), but checking again it is (D)".

    Harnesses that take the last match read that one.
    """
    marked = marked_answers(text)
    begun = text.rfind(marked[-1].text[:SHORT], 0, marked[-1].end) if marked else -1
    found = _PREDICATE.search(text, begun + 1) if begun >= 0 else None
    return found is not None and str(_LETTERS.index(found[1])) == sample.target


def _known(sample: Sample) -> str:
    return _LETTERS[: len(sample.choices) or 26]


def _settled(text: str, sample: Sample) -> str | None:
    """The letter of a text that was cut off, where more text could not have changed it."""
    if closed := [each for each in marked_answers(text) if each.closed]:
        return None if goes_on(text[closed[-1].end :]) else _of_content(closed[-1].text, sample)
    first = _FIRST.match(text)
    if first and not _ON_ITS_OWN.match(text, first.end()):
        return None
    if first and sample.choices and first[1] in _known(sample):
        said, own = comparable(text[first.end() :].split("\n")[0]), sample.choices[_LETTERS.index(first[1])]
        if any(comparable(each).startswith(said) for each in sample.choices if each != own):  # another's text
            return None
    if _TURN.search(text) or _JUDGED.search(text) or RETRACTED.search(text):
        return None
    if first is None or first.end() == len(text) or first[1] not in _known(sample):
        return None
    marked = {_of_content(each.text, sample) for each in marked_answers(text)}
    if not marked and ANSWER_MARK.search(text):  # cut right before the answer
        return None
    return None if marked - {first[1]} or _others(text, first[1], sample) else first[1]


def _undenied(text: str, sample: Sample) -> str | None:
    """The letter of a whole text, unless the text itself calls it wrong or turns from it."""
    judged = [(each[1], bool(each["no"])) for each in _JUDGED.finditer(text) if each[1] in _known(sample)]
    denied = {letter for letter, is_denied in judged if is_denied}
    affirmed = {letter for letter, is_denied in judged if not is_denied} - denied
    letter = _letter(text, sample)
    if len(affirmed) == 1 and (denied or letter is None) and not marked_answers(text):
        letter = next(iter(affirmed))
    turns = [each[1] for each in _TURN.finditer(text) if each[1] in _known(sample)]
    return None if letter in denied or (turns and turns[-1] != letter) else letter


def _letter(text: str, sample: Sample) -> str | None:
    same = _by_text(text.strip(), sample, is_whole=True)
    if same is not None:
        return same
    if marked := marked_answers(text):
        return _of_content(marked[-1].text, sample)
    short = len(text) <= SHORT
    plain = undress(text)
    last = _PREDICATE.search(plain)
    concluded = last[1] if last and last[1] in _known(sample) else None
    if last and _UNLIKELY.search(_CLAUSE.split(plain[: last.start(1)])[-1]):
        return None
    first = _FIRST.match(plain) or _FIRST_SMALL.match(plain)
    if _lists_all(text, sample):
        return concluded or _of_content(text.rstrip().rpartition("\n")[2], sample)
    if (chosen := {each for each in _CHOSEN.findall(text) if each in _known(sample)}) and len(chosen) == 1:
        return None if hedges(text) else chosen.pop()
    if (own := _own_line(text, sample)) is not None:
        return own
    if first is not None and first[1].upper() in _known(sample):
        letter = _of_content(text, sample) if short else first[1].upper()
        return None if letter is None or _others(text, letter, sample) else letter
    if short and (excluded := {match[1] for match in _EXCLUDED.finditer(text)}):
        return concluded if concluded and concluded not in excluded else None
    if (named := _by_text(text, sample)) is not None:
        return named
    found = {letter for groups in _DELIMITED.findall(text) for letter in groups if letter and letter in _known(sample)}
    return concluded or (found.pop() if len(found) == 1 else None)


def _own_line(text: str, sample: Sample) -> str | None:
    """The letter of a first line that is one choice with its text, or bare, above paragraphs that explain it."""
    line, gap, rest = text.strip().partition("\n\n")
    first = _FIRST.match(line)
    if not gap or "\n" in line or first is None or first[1] not in _known(sample) or not sample.choices:
        return None
    said, choice = comparable(line[first.end() :]), comparable(sample.choices[_LETTERS.index(first[1])])
    last = _PREDICATE.search(undress(rest))
    if said not in ("", choice) or (last and last[1] != first[1]) or {first[1]} & _begun(rest):
        return None
    return first[1]


def _begun(text: str) -> set[str]:
    """The first characters of the lines of a text."""
    return {line.strip(" *(-")[:1] for line in text.split("\n")}


def _lists_all(text: str, sample: Sample) -> bool:
    """Whether a text repeats the choices, each with its letter at the start of a line."""
    return len(sample.choices) > 1 and set(_known(sample)) <= _begun(text.rstrip().rpartition("\n")[0])


def _of_content(content: str, sample: Sample) -> str | None:
    """The letter of a marked answer, or of a short one: not where it lists several ("A or B") or excludes it."""
    plain = undress(content)
    first = _FIRST.match(plain) or _FIRST_SMALL.match(plain)
    letter = first[1].upper() if first and first[1].upper() in _known(sample) else None
    if (same := _by_text(content.strip(), sample, is_whole=True)) is not None:
        return same
    if letter is not None and first is not None and sample.choices:
        rest = comparable(plain[first.end() :].split("\n")[0])
        own = comparable(sample.choices[_LETTERS.index(letter)])
        if rest == own or (len(own) > 2 and holds(rest[: len(own) + 1], own)):
            return letter
        if any(rest == comparable(choice) for choice in sample.choices):  # the letter of one, the text of another
            return None
    opening = content[:SHORT]
    if any(each in _known(sample) for match in _LISTED.finditer(opening) for each in match.groups()):
        return None
    excluded = {match[1] for match in _EXCLUDED.finditer(opening)}
    if letter is None and not excluded & set(_known(sample)):
        return _by_text(content, sample)
    return None if letter in excluded else letter


def _others(text: str, letter: str, sample: Sample) -> bool:
    """Whether a text that begins with a letter, and is not that choice alone, names another one after it."""
    choice = comparable(sample.choices[_LETTERS.index(letter)]) if sample.choices else ""
    said = comparable(text)
    if choice and said.endswith(choice) and len(said) <= len(choice) + len("(a) "):
        return False
    named = {each for groups in _DELIMITED.findall(text) for each in groups if each and each in _known(sample)}
    last = _PREDICATE.search(undress(text))
    return bool((named | ({last[1]} if last and last[1] in _known(sample) else set())) - {letter})


def _by_text(text: str, sample: Sample, *, is_whole: bool = False) -> str | None:
    """The letter of the only choice whose text is the answer (``is_whole``: all of it)."""
    said = comparable(text.strip().split("\n")[0] if len(text) <= 4 * SHORT else text[: 2 * SHORT])
    choices = [comparable(choice) for choice in sample.choices]
    same = [number for number, choice in enumerate(choices) if choice and choice == said]
    if len(same) == 1 and (not is_whole or "\n" not in text):
        return _LETTERS[same[0]]
    if is_whole:
        return None
    if len(text) > 4 * SHORT or hedges(text):
        return None
    whole = comparable(text)
    held = [number for number, choice in enumerate(choices) if len(choice) > 2 and holds(whole, choice)]
    return _LETTERS[held[0]] if len(held) == 1 else None
