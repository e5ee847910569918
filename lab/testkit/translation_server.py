"""An endpoint on loopback that translates made-up sentences, and MTOB in the hub's layout with such sentences.

The language is made up: each word is another one backwards. So nothing here is the benchmark's own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from aiohttp import web

from steelyard.scorers.chrf import counts_of
from steelyard.stats.chrf import corpus_score
from testkit.fixtures import SumsServer

SUBSETS = ("ek_half_book", "ek_full_book", "ke_half_book", "ke_full_book")
ROWS = 50
_WORDS = ("river", "mountain", "dog", "fish", "canoe", "night", "morning", "house", "garden", "banana", "walk", "cut")
_ASKED = re.compile(r'Translate: "([^"]*)"')


def sentence(number: int) -> str:
    """The n-th sentence; no two are alike."""
    return (
        " ".join(_WORDS[(number * step + 3 * step) % len(_WORDS)] for step in range(1, 5 + number % 4)) + f" {number}"
    )


def translation(text: str) -> str:
    """The right one: every word backwards."""
    return " ".join(word[::-1] for word in text.split())


def wrong(text: str) -> str:
    """A translation that has nothing of the right one but a few single letters."""
    return re.sub(r"\S", "x", translation(text))


def is_known(number: int, known: int) -> bool:
    """Whether a model that knows so many of the 50 sentences knows this one."""
    return number * 7 % ROWS < known


def score(known: int) -> Fraction:
    """The corpus score of a model that knows so many of the sentences."""
    counts = [
        counts_of((translation if is_known(number, known) else wrong)(sentence(number)), translation(sentence(number)))
        for number in range(ROWS)
    ]
    return corpus_score([sum(each) for each in zip(*counts, strict=True)])


def mirror_of(folder: Path, rows: int = ROWS) -> Path:
    """A mirror with the four subsets, each with a short made-up book in its messages."""
    for name in SUBSETS:
        path = folder / "llamastack" / "mtob" / name / "test.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(
                json.dumps(
                    {
                        "id": str(number),
                        "messages": [{"role": "user", "content": _message(name, sentence(number))}],
                        "expected_answer": translation(sentence(number)),
                    }
                )
                + "\n"
                for number in range(rows)
            )
        )
    return folder


def _message(subset: str, text: str) -> str:
    book = "Every word is said backwards. " * (40 if "full" in subset else 20)
    return f'You are tasked with translating a sentence ({subset}).\n{book}\nTranslate: "{text}".'


class TranslationServer(SumsServer):
    """Knows ``known`` of the sentences. What is no sentence gets another answer each time, so that it is no cache.

    ``answer(number, times, text)`` may give another answer to the n-th sentence, None for none at all; ``times`` counts
    how often it was asked before. ``open_answer`` stands in place of what is no sentence's.
    """

    def __init__(self, known: int) -> None:
        super().__init__()
        self.name = "translates"
        self.known = known
        self.answer: Callable[[int, int, str], str | None] = lambda number, times, text: text
        self.times: Counter[str] = Counter()
        self.open_answer = ""

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        found, before = _ASKED.search(prompt), self.times[prompt]
        self.times[prompt] += 1
        text: str | None = self.open_answer or f"no sentence, {before}"
        if found is not None:
            number = int(found[1].rpartition(" ")[2])
            right = is_known(number, self.known)
            text = self.answer(number, before, (translation if right else wrong)(found[1]))
        await asyncio.sleep(self.seconds(False))
        if text is None:
            return web.json_response({"error": {"message": "no"}}, status=400)
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice], "usage": usage})
