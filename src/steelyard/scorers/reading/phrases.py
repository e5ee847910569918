"""The words by which people mark, take back and hedge an answer, in the languages that are read."""

from __future__ import annotations

import re

__all__ = ["ANSWER_MARK", "COPULAS", "HEDGES", "NUMBER_WORDS", "TRUTH_WORDS", "hedges"]

# "The final answer is", "Answer:", "Die Antwort lautet:", "La réponse est", "答えは", "答案是" …; what follows is the
# answer. A bare "the result is" is no mark: solutions say it half-way.
ANSWER_MARK = re.compile(
    r"""
      (?<!wrong[ ])(?<!incorrect[ ])(?<!likely[ ])(?<!false[ ])\b(?:final[ ]|correct[ ]|right[ ]|best[ ])?answer
        (?:[ ]to[ ](?:the|this|that|your)[ ](?:question|problem|riddle))?
        [ ]?[*_"']{0,3}[ ]?
        (?: (?:is|would[ ]be|should[ ]be|must[ ]be)\b[ ]?[*_]{0,2}[:=]? | [:=：] )
    | \bantwort(?:[ ]auf[ ](?:die|diese|deine|ihre)[ ]frage)?[ ]?[*_]{0,3}[ ]?(?:(?:ist|lautet|wäre)\b[ ]?:?|[:=])
    | \b(?:lösung|ergebnis)[ ]?[*_]{0,3}[ ]?(?:lautet\b[ ]?:?|[:=])
    | \bréponse(?:[ ](?:finale|correcte|exacte))?(?:[ ]à[ ](?:la|cette|votre)[ ]question)?[ ]?[*_]{0,3}[ ]?
        (?:est\b[ ]?:?|[:=])
    | \brespuesta(?:[ ](?:final|correcta))?[ ]?[*_]{0,3}[ ]?(?:(?:es|sería)\b[ ]?:?|[:=])
    | \brisposta(?:[ ](?:finale|corretta))?[ ]?[*_]{0,3}[ ]?(?:è\b[ ]?:?|[:=])
    | \bresposta(?:[ ](?:final|correta))?[ ]?[*_]{0,3}[ ]?(?:é\b[ ]?:?|[:=])
    | (?:答え|回答|解答|正解)[*_]{0,3}(?:は|[:：])[:：]?
    | 答案[*_]{0,3}(?:(?:应该)?是|为|[:：])[:：]?
    """,
    re.IGNORECASE | re.VERBOSE,
)

# What stands between the subject of a sentence and its answer.
_COPULAS = """
is are was were be equals it's that's = : → => ist sind war lautet heißt heisst beträgt est sont était c'est es son era
è é becomes called named
"""

# What takes an answer back, excludes one, or names a second one. Where such a word stands beside an answer, no rule
# can be sure which is meant.
_HEDGES = """
or either nor neither not no never isn't wasn't aren't cannot can't actually wait instead except unlike rather wrong
incorrect but however although unless
don't
oder entweder weder nicht kein keine keiner keinen falsch sondern aber jedoch doch
ou soit ni pas jamais faux mais plutôt non o pero sino incorrecto incorrecta oppure ma não mas
"""
_UNSPACED_HEDGES = ("または", "それとも", "ではな", "じゃな", "或者", "不是")
_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf
zéro un deux trois quatre cinq six sept huit neuf dix onze douze
"""
_TRUE = "yes yep yeah yup true correct ja jawohl wahr richtig stimmt oui vrai sí si verdadero はい 是 是的 对 正确"
_FALSE = "no nope false incorrect nein falsch non faux falso いいえ 否 不 不是 错 错误"

COPULAS = frozenset(_COPULAS.split())
HEDGES = frozenset(_HEDGES.split())
NUMBER_WORDS = {word: number for line in _NUMBERS.strip().split("\n") for number, word in enumerate(line.split())} | {
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
}  # fmt: skip
TRUTH_WORDS = (frozenset(_TRUE.split()), frozenset(_FALSE.split()))

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def hedges(text: str) -> bool:
    """Whether a text holds a word that takes an answer back, excludes one or names a second one."""
    return any(word.replace("’", "'") in HEDGES for word in _WORD.findall(text.casefold())) or any(
        phrase in text for phrase in _UNSPACED_HEDGES
    )
