"""A rubric: what a judge is asked of each answer, one criterion at a time.

It is a file of the suite, ``graders/NAME.yaml``::

    language: en
    passes: all            # all: an answer passes where it meets every criterion; mean: its score is the weighted mean
    criteria:
      - {id: correct, text: "The answer gives the refund period that the reference gives."}
      - {id: polite, text: "The answer is polite.", weight: 0.5}
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.judging.prompts import PAIR, PROMPT, JudgePrompts
from steelyard.tasks.definition import Part
from steelyard.tasks.definition_file import read_strictly

__all__ = ["Criterion", "Rubric", "read_rubric", "rubric_digest"]

MAX_CRITERIA: Final = 20
MAX_TEXT: Final = 4000  # characters of a criterion
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}", re.ASCII)


class Criterion(Part, frozen=True, kw_only=True):
    """One thing that an answer must do; ``text`` says it in a sentence that is true or false of an answer."""

    id: str
    text: str
    weight: float = 1.0


class Rubric(Part, frozen=True, kw_only=True):
    """Criteria, and what they come to.

    ``template`` and ``pair_template`` are prompts of one's own (Jinja); empty: the defaults of
    :mod:`steelyard.judging.prompts` in ``language``.
    """

    criteria: tuple[Criterion, ...]
    about: str = ""
    passes: Literal["all", "mean"] = "all"
    language: Literal["en", "de"] = "en"
    template: str = ""
    pair_template: str = ""

    def prompts(self, where: str) -> JudgePrompts:
        """The templates, opened; ``where`` is named in errors. Raises InputError for invalid Jinja."""
        one = self.template or PROMPT[self.language]
        return JudgePrompts(one, self.pair_template or PAIR[self.language], where)


def read_rubric(path: Path) -> Rubric:
    """Read a rubric strictly; raises InputError with file and line, and for a template that leaves out what it judges.

    A template must show the question, the answers, the criterion and the mark that no answer can guess.
    """
    rubric = read_strictly(path, Rubric)
    if not 1 <= len(rubric.criteria) <= MAX_CRITERIA:
        raise InputError(f"criteria are 1 to {MAX_CRITERIA}, each an id and a text", where=path)
    names = [each.id for each in rubric.criteria]
    for each in rubric.criteria:
        if not _ID.fullmatch(each.id):
            raise InputError(
                f"criterion id {each.id[:40]!r}: small letters, digits, '_' and '-', at most 30", where=path
            )
        if names.count(each.id) > 1:
            raise InputError(f"two criteria have the id {each.id!r}", where=path)
        if not 0 < len(each.text.strip()) <= MAX_TEXT:
            raise InputError(f"criterion {each.id}: text is empty or longer than {MAX_TEXT:,} characters", where=path)
        if not 0 < each.weight <= 1000:
            raise InputError(f"criterion {each.id}: weight is above 0 and at most 1000", where=path)
    rubric.prompts(str(path)).check()
    return rubric


def rubric_digest(rubric: Rubric) -> str:
    """The SHA-256 of what a rubric asks, with the templates that it takes by default; not of its remarks."""
    asked = msgspec.structs.replace(
        rubric,
        about="",
        template=rubric.template or PROMPT[rubric.language],
        pair_template=rubric.pair_template or PAIR[rubric.language],
    )
    return sha256(canonical(without_defaults(asked))).hexdigest()
