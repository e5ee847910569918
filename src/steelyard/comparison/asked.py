"""What two runs put around the same questions: instruction, template, system message, worked examples and choices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from steelyard.records import GenerateRequest, Sample
from steelyard.util.text import one_line

__all__ = ["Frame", "answer_of", "asked_differently", "frame_of", "prompt_of"]

_SHOWN: Final = 60  # characters of a text that is named


@dataclass(frozen=True)
class Frame:
    """The whole lines that stand before and after every question of one run."""

    before: str
    after: str

    def question_of(self, prompt: str) -> str:
        """What of a prompt is its own."""
        return prompt[len(self.before) : len(prompt) - len(self.after)].strip()


def frame_of(prompts: Sequence[str]) -> Frame:
    """The lines that all prompts begin and end with; none where there are not two different prompts."""
    if len(set(prompts)) < 2:
        return Frame("", "")
    before = _common_start(prompts)
    before = before[: before.rfind("\n") + 1]
    after = _common_start([each[len(before) :][::-1] for each in prompts])[::-1]
    start = after.find("\n")
    return Frame(before, after[start:] if start >= 0 else "")


def _common_start(texts: Sequence[str]) -> str:
    """What all texts begin with: what the first and the last in their order begin with."""
    first, last = min(texts), max(texts)
    end = next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:end]


def prompt_of(sample: Sample) -> str:
    """The text of a question with all that stands around it, without worked examples and system message."""
    request = sample.request
    return request.prompt if isinstance(request, GenerateRequest) else request.context


def answer_of(sample: Sample) -> str:
    """The right answer's text, whether it is a choice or not."""
    if sample.choices and sample.target.isdecimal() and int(sample.target) < len(sample.choices):
        return sample.choices[int(sample.target)]
    return sample.target


def asked_differently(pairs: Sequence[tuple[Sample, Sample]]) -> Iterator[str]:
    """A sentence for each part of what was asked that differs, where these samples are the same questions."""
    if not pairs:
        return
    first, second = ([prompt_of(pair[side]) for pair in pairs] for side in (0, 1))
    one, other = frame_of(first), frame_of(second)
    for words, mine, theirs in (
        ("before each question", one.before, other.before),
        ("after each question", one.after, other.after),
    ):
        if mine.strip() != theirs.strip():
            yield f"{words}: {_shown(mine)} and {_shown(theirs)}"
    changed = sum(
        one.question_of(mine) != other.question_of(theirs) for mine, theirs in zip(first, second, strict=True)
    )
    if changed:
        yield f"the question's own text differs in {changed:,} of {len(pairs):,} samples"
    yield from _part("system message", [(_system(mine), _system(theirs)) for mine, theirs in pairs])
    yield from _part(
        "text of the worked examples", [(mine.request.prefix, theirs.request.prefix) for mine, theirs in pairs]
    )
    yield from _part("choices", [(", ".join(mine.choices), ", ".join(theirs.choices)) for mine, theirs in pairs])


def _system(sample: Sample) -> str:
    return sample.request.system if isinstance(sample.request, GenerateRequest) else ""


def _part(words: str, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A text that differs: both, where it is one for all samples, else in how many."""
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    if len(set(differing)) == 1 and len(differing) == len(pairs):
        yield f"{words}: {_shown(differing[0][0])} and {_shown(differing[0][1])}"
    elif differing:
        yield f"{words}: differs in {len(differing):,} of {len(pairs):,} samples"


def _shown(text: str) -> str:
    """The text in quotes, with its length where it is cut."""
    line = one_line(text, len(text) + 1).strip()
    if not line:
        return "nothing"
    return f"'{one_line(line, _SHOWN)}'" + (f" ({len(text.strip()):,} characters)" if len(line) > _SHOWN else "")
