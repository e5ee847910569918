"""What a polite model says around its answer, and what it says in place of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from steelyard.scorers.reading.dress import comparable, undress
from steelyard.scorers.reading.labels import REFUSAL
from steelyard.scorers.reading.marks import marked_answers
from steelyard.scorers.reading.parts import SENTENCE_END, WORDS, holds
from steelyard.scorers.reading.phrases import hedges
from steelyard.scorers.reading.texts import Reading

__all__ = ["bare_line", "names_text", "read_in_frame"]

MOST_LINES: Final = 12
_BRIEF: Final = 300  # characters of a refusal
_DASH: Final = re.compile(
    r"^(\W{0,4}(?:the )?(?:final |correct )?(?:answer|antwort|réponse|respuesta|risposta)\W{0,3}?) [-–—] ", re.I | re.M
)
_STEP: Final = re.compile(r"^(\W{0,5}(?:step|schritt|étape|paso)) [0-9]{1,2}\b(?=\W{0,3}[:.)])", re.I | re.M)
_COURTESY: Final = re.compile(
    r"\W*(?:sure|certainly|of course|absolutely|gladly|okay|great question|thank|here(?: i[st]| you|['’]s)|happy to"
    r"|i(?:['’]d be|['’]m| am| would be) (?:happy|glad)|i hope|hope (?:this|that)|let me know|feel free"
    r"|please (?:let|feel)|is there|can i|do you|if (?:you|there)|don['’]t hesitate|have a|you['’]re welcome"
    r"|as requested|gerne?|natürlich|sicher|hier ist|melden|ich hoffe|kann ich|haben sie|viel(?:e|en)?\b|voici"
    r"|bien s[uû]r|n['’]h[ée]site|j['’]esp[èe]re|¡?claro|aqu[ií]|puedo|espero|好的|这是|如果|希望|承知|こちら)",
    re.IGNORECASE,
)
_NO_ANSWER: Final = re.compile(
    r"\b(?:i|we) (?:do not|don['’]t|cannot|can['’]t) (?:know|tell|say|answer|determine)\b"
    r"|\bnone of the (?:above|options|choices)\b|\bweiss (?:es |das )?(?:leider )?nicht\b"
    r"|\bkeine der (?:antworten|optionen)\b|\bne sais pas\b|\bno lo sé\b"
)


def read_in_frame(text: str, read: Callable[[str], Reading], names_target: Callable[[str], bool]) -> Reading:
    """Read a text; or its one bare line alone, where the others are courtesies.

    Beside other lines a right bare line leaves a text open that would be wrong; so does a colon at its end, behind
    which a stop string may have cut. A short text that refuses, or says that it does not know, is wrong where it does
    not name the target. "Answer - 25" is 25, and the number of a step is no answer.
    """
    text = _STEP.sub(r"\1", _DASH.sub(r"\1: ", text))
    line, is_polite = bare_line(text)
    if line and is_polite:
        return read(line)
    reading = read(text)
    if reading or (_refuses(text) and not names_target(text)):
        return bool(reading)
    if is_polite or text.rstrip(" *_\n").endswith((":", "：")) or (line and read(line)):
        return None
    return reading


def names_text(target: str) -> Callable[[str], bool]:
    """A function that says whether a text holds this target."""
    wanted = comparable(target)
    return lambda text: holds(comparable(text), wanted)


def bare_line(text: str) -> tuple[str, bool]:
    """The only line of a text that is no sentence, empty where there are several; whether all others are courtesies."""
    lines = [line for line in text.split("\n") if line.strip(" -_*`>~=#.") and not line.startswith("```")]
    if not 0 < len(lines) <= MOST_LINES or any(
        not each.text.rstrip().endswith((":", "：")) for each in marked_answers(text)
    ):
        return "", False
    bare = [line for line in lines if not _is_prose(line)]
    rest = [each for line in lines if line not in bare for each in SENTENCE_END.split(line) if each.strip()]
    is_polite = all(_COURTESY.match(each) and not (each.rstrip().endswith(":") and hedges(each)) for each in rest)
    return bare[0] if len(bare) == 1 and rest else "", is_polite and bool(rest) and len(bare) < 2


def _is_prose(line: str) -> bool:
    end = line.rstrip(' *_"”')[-1:]
    words = len(WORDS.findall(line))
    is_long = words > 3 or not line.isascii()
    return words > 5 or end in ":：!！?？" or (end in ".。" and (is_long or bool(_COURTESY.match(line))))


def _refuses(text: str) -> bool:
    said = undress(text).casefold()
    return len(said) <= _BRIEF and bool(REFUSAL.search(said) or _NO_ANSWER.search(said))
