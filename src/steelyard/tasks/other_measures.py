"""Words that say that a number was measured otherwise: help, another mode of the model, several answers, a part.

They are looked for wherever something is said of a number. No such list is complete: what is attached to a claim is
held to words that are known to change nothing, too (:mod:`steelyard.tasks.remarks`).
"""

from __future__ import annotations

import re
from typing import Final

from steelyard.tasks.several_answers import SEVERAL_IN_WORDS, several_answers
from steelyard.tasks.stated_shots import plain, stated_shots, without_denied, without_no_reasoning

__all__ = [
    "changes_a_test",
    "counted_parts",
    "mode_of_model",
    "other_modes",
    "said_in_notes",
    "says_another_way",
    "without_denied_help",
]

WITHOUT_TOOLS: Final = re.compile(r"\b(?:no|without|w/o)[ -](?:any )?tools?\b", re.IGNORECASE)
_OTHER_MODES: Final = re.compile(
    r"\b(?:non?[- ]?thinking|thinking|no[- ]think|human[- ]split|augmented[- ]split|level[- ]?5"
    r"|(?:non-?)?reasoning[- ](?:mode[- ])?(?:on|off|enabled|disabled|mode)|non-?reasoning)\b",
    re.IGNORECASE,
)
_HELP: Final = re.compile(
    r"\b(?:tools?|tool[- ]use|interpreter|python|(?:code|program)[- ](?:execution|running)|execute[sd]?|execution"
    r"|executing|search\w*|brows\w+|retrieval|majority|vot(?:e|es|ed|ing)|ensembl\w+|rerank\w*|verifier"
    r"|scaffold\w*|agent(?:s|less)?"
    r"|agentic(?! (?:and|or|performance|capabilit\w+|abilit\w+|tasks?|workflows?|benchmarks?|rl|intelligence)\b)"
    r"|deep ?think|effort|test[- ]time|parallel|compute|budget"
    r"|(?:extended|deep|deeper|longer|more|high|low|medium|minimal|max) (?:think|reason)\w*)\b",
    re.IGNORECASE,
)
# What a note says of how it was asked: another measure where these are not words of what is asked.
_IN_NOTES: Final = re.compile(
    r"\b(?:cot|chain[- ]of[- ]thoughts?|step[- ]by[- ]step|(?:with|by|after|full) reasoning"
    r"|reasoning[- ](?:mode|effort|on|off|enabled|budget|tokens?|chains?|steps?)|simple[- ]evals|opencompass|helm"
    r"|evalplus|vlmevalkit|lmms[- ]eval|internal harness|own harness|calculator|sandbox|web|internet|refine\w*|rounds?"
    r"|xhigh|system prompt|prefill\w*|self[- ]correct\w*|fine[- ]?tuned|checkpoint|appendix|subset|selected"
    r"|only(?! (?:one|a)[- ](?:third|quarter|fifth|tenth|fraction) of the (?:parameters|size|cost))"
    r"|reward model|translat\w+|tokens of thought|iterati\w+|iterates?|retr(?:y|ies)|multi[- ]turn|pipeline|router"
    r"|cascade|hints?"
    r"|gen_kwargs: \((?!none)\w+|(?<!token )(?<!tokens )(?<!output )(?<!length )(?<!context )limit: [0-9]+)\b",
    re.IGNORECASE,
)
_OF_COUNTED_PARTS: Final = re.compile(
    r"\b(?<![0-9]\.)"
    r"(?P<many>[0-9]{1,5}|one|two|three|four|five|six|seven|eight|nine|ten|some|most|many|(?:high|low)[- ]resource)"
    r"[- ](?:[a-z-]{1,30}[- ]){0,2}(?:languages?|subjects?|categories|questions|problems|items|samples|(?:sub-?)?tasks"
    r"|(?:sub)?sets|topics|fields|disciplines|domains|levels|exams)\b",
    re.IGNORECASE,
)
# A mode of a model in its name, as tables head their columns: gpt-oss-120b (high), Grok 3 (Think), Kimi K1.5 + TIR.
OF_MODEL: Final = re.compile(
    r"\((?:x?high|medium|low|max|min(?!i)|minimal|heavy|fast"
    r"|(?:no |non-?|extended |deep )?(?:think|reason)\w*)[^()]{0,20}\)"
    r"|\w-(?:x?high|medium|low|heavy)\b|\b(?:think|thinking|reasoning)[ -](?:max|high|low|on|off)\b|\b(?:TIR|RM)\b"
    r"|\b(?:\w{0,20}PRM|ORM)\b|\bbo-?[0-9]{1,4}\b|\bbest[- ]of[- ](?:[0-9]{1,4}|n)\b|\bheavy\b",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(r"\b(?:no|not|without|never|neither|nor|w/o)\b(?!-)[^.,;:()\[\]\n@]{0,80}", re.IGNORECASE)
_DENYING: Final = re.compile(
    r"(?:\W|\b(?:no|not|without|never|neither|nor|w/o|or|and|any|of|the|a|an|use|using|was|were|is|are)\b)*"
)


def changes_a_test(text: str) -> bool:
    """Whether words around a number say of reasoning, help, a mode, several answers or worked examples."""
    return says_another_way(text) or bool(stated_shots(None, (plain(text),)).in_words)


def says_another_way(text: str) -> bool:
    """Whether words around a number say of reasoning, help, a mode or several answers."""
    text = plain(text)
    return bool(other_modes(text) or said_in_notes(text) or mode_of_model(text) or several_answers((text,)))


def mode_of_model(name: str) -> str:
    """The mode that a model's name states, such as *(high)*; empty where it states none."""
    found = OF_MODEL.search(plain(name))
    return found[0] if found else ""


def other_modes(text: str) -> list[str]:
    """The words of a text that say that the model had help, was in another mode or was asked a part."""
    return [*_OTHER_MODES.findall(text), *_HELP.findall(without_denied(WITHOUT_TOOLS.sub(" ", text)))]


def said_in_notes(text: str) -> list[str]:
    """The words of a note that say how the model was asked, such as *CoT* and *own harness*."""
    return _IN_NOTES.findall(without_no_reasoning(text))


def counted_parts(text: str) -> list[tuple[str, str]]:
    """Numbers of parts of a benchmark in a text, with the number's own word: ``("seven", "seven languages")``."""
    return [(found["many"], found[0]) for found in _OF_COUNTED_PARTS.finditer(text)]


def without_denied_help(text: str) -> str:
    """A text without the kinds of help that it denies: *no majority voting* says that there was none.

    What else is denied stays: *without a chat template* says how it was asked.
    """
    return _DENIED.sub(lambda found: _without_help(found[0]), WITHOUT_TOOLS.sub(" ", text))


def _without_help(denied: str) -> str:
    rest = SEVERAL_IN_WORDS.sub(" ", _HELP.sub(" ", _IN_NOTES.sub(" ", denied)))
    return " " if _DENYING.fullmatch(rest) else rest
