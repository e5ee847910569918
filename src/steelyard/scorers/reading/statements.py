"""Sentences that state their answer without *is*: "Das Ticket gehört zur Kategorie „Abrechnung“.", "in München".

A sentence is read only where every word of it is known, so that no word can turn it round: the answer stands at its
one place, after a plain subject and a verb, and is nothing but the target.
"""

from __future__ import annotations

import re

from steelyard.scorers.reading.dress import comparable
from steelyard.scorers.reading.parts import RETRACTED, SENTENCE_END
from steelyard.scorers.reading.phrases import hedges

__all__ = ["DRESS", "OPENER", "SUBJECT", "plain_answers", "states_plainly"]

MAX_CHARACTERS = 400
DRESS = re.compile(r"[*_`\"„“”»«]")
OPENER = re.compile(r"(?:gerne|sicher|natürlich|klar|sure|certainly|of course|okay|ok)[!.,]?", re.IGNORECASE)
_OFFER = re.compile(
    r"(?:kann ich (?:ihnen|dir)|haben sie (?:noch|weitere)|hast du noch|can i|let me know|is there anything)\b.*"
    r"(?:helfen|fragen|help|questions|else|tun|do)\b.*",
    re.IGNORECASE,
)
_NOUN = r"(?!Gegenteil|Rest\b|Ausnahme|Alternative)[A-ZÄÖÜ][\w-]*"
# German nouns have capitals, so that no adjective is one: "Das andere Ticket …", "Die frühere Zentrale …".
SUBJECT = (
    rf"(?:(?:Das|Der|Die|Diese[rs]?|Ihre?|Unsere?|Meine?) {_NOUN}(?: (?:der|des|von|vom) {_NOUN}| {_NOUN})?|Es|Er|Sie"
    r"|(?:The|This|Your|My) (?!other|former|latter|opposite|rest|wrong|alternative|second|first|only)[a-z]+"
    r"(?: of (?:the )?[A-Za-z]+)?|It|He|She)"
)
_IT = rf"(?:das|die|den|diese[sn]?) {_NOUN}"
_SURELY = r"(?:(?:klar|eindeutig|damit|somit|daher|also|am besten|clearly|therefore|best) )?"
_KIND = r"(?:(?P<kind>Kategorie|Klasse|Gruppe|Rubrik|Abteilung|Sparte|[Cc]ategory|[Cc]lass|[Gg]roup|[Dd]epartment) )?"
_TARGET = rf"{_KIND}(?P<said>[^,;?]{{1,200}}?)"
_OF = r"(?:der |die |das |den |dem |the )?"
_PLACE = r"(?:sitzt|liegt|wohnt|lebt|arbeitet|befindet sich|steht|ist|is|lies|sits|lives|is located|is based)"
_WHY = re.compile(r"\A(?P<what>[^,]+), (?:da|weil|denn|because|since) (?P<why>[^?]{1,200})\Z")
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{SUBJECT} gehört {_SURELY}(?:zur|zum|zu|in|unter) {_OF}{_TARGET}",
        rf"{SUBJECT} fällt {_SURELY}(?:in|unter) {_OF}{_TARGET}",
        rf"{SUBJECT} passt {_SURELY}(?:zur|zum|zu|in) {_OF}{_TARGET}",
        rf"{SUBJECT} betrifft {_SURELY}{_OF}{_TARGET}",
        rf"Es handelt sich {_SURELY}um {_OF}(?:eine |ein |einen )?{_TARGET}",
        rf"{SUBJECT} (?:ist|wird) {_SURELY}(?:in )?{_OF}{_TARGET} (?:zuzuordnen|zugeordnet|einzuordnen|eingeordnet)",
        rf"Ich würde {_IT} (?:in |unter |als )?{_OF}{_TARGET} (?:zuordnen|einordnen|einstufen)",
        rf"Ich ordne {_IT} (?:in |unter |als )?{_OF}{_TARGET} (?:zu|ein)",
        rf"{SUBJECT} belongs {_SURELY}(?:to|in|under) {_OF}{_TARGET}",
        rf"{SUBJECT} falls {_SURELY}(?:under|into) {_OF}{_TARGET}",
        rf"I (?:would|'d) (?:assign|put) (?:the|this) [a-z]+ (?:to|in|into|under) {_OF}{_TARGET}",
    )
)
# These have a place or a day for their answer: of numbers, "in 5 days" is not "5 days".
_PLACES = tuple(
    re.compile(form)
    for form in (
        rf"{SUBJECT} {_PLACE} (?:in|im|am|auf|at|on) {_OF}(?P<said>[^,;?]{{1,200}}?)",
        r"(?:[Ii]n|[Ii]m|[Aa]m|[Aa]uf|[Aa]us|[Aa]t|[Oo]n) (?:der |den |dem |the )?(?P<said>[^,;?]{1,200}?)",
    )
)
_LABEL = re.compile(
    r"(?:Die |The )?(?P<kind>Kategorie|Klasse|Gruppe|Rubrik|[Cc]ategory|[Cc]lass|[Gg]roup) (?P<said>[^,;?]{1,200}?)"
)


def states_plainly(text: str, target: str) -> bool:
    """Whether a text is one plain sentence whose answer is the target; a greeting and an offer may stand around it.

    A reason may follow (*da*, *weil*, *because*) where no word of it hedges or takes back.
    """
    wanted = comparable(target)
    is_name = _is_name(target)
    return any(comparable(said) == wanted for said, is_place in _said(text) if is_name or not is_place)


def plain_answers(text: str) -> list[str]:
    """Every answer that :func:`states_plainly` finds in a text, as it is written there."""
    return [said for said, is_place in _said(text) if _is_name(said) or not is_place]


def _is_name(target: str) -> bool:
    return target[:1].isupper() and not any(map(str.isdigit, target))


def _said(text: str) -> list[tuple[str, bool]]:
    """What a plain sentence says, in every form that fits it, and whether that must be a name: a place, a day."""
    sentence = _plain_sentence(text)
    if sentence is None:
        return []
    found: list[tuple[str, bool]] = []
    for form in (*_FORMS, _LABEL, *_PLACES):
        if (match := form.fullmatch(sentence)) is not None:
            said, kind = match["said"], match.groupdict().get("kind")
            found += [(each, form in _PLACES) for each in (said, *([f"{kind} {said}"] if kind else []))]
    return found


def _plain_sentence(text: str) -> str | None:
    """The only sentence of a text, without dress, greeting, offer and reason; None where it may be turned round."""
    if len(text) > MAX_CHARACTERS:
        return None
    sentences = [each.strip() for each in SENTENCE_END.split(DRESS.sub("", text)) if each.strip()]
    if sentences and OPENER.fullmatch(sentences[0]):
        del sentences[0]
    if len(sentences) > 1 and _OFFER.fullmatch(sentences[-1]):
        del sentences[-1]
    if len(sentences) != 1 or sentences[0].endswith("?"):
        return None
    sentence = " ".join(sentences[0].rstrip(".! ").split())
    why = _WHY.match(sentence)
    if why is None:
        return sentence
    return None if hedges(why["why"]) or RETRACTED.search(why["why"]) else why["what"]
