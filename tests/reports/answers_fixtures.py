"""Answers of every reading, in three tasks, with hostile and long texts among them, and a page about them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from steelyard.reports.answers_page import About, ShownAnswer

HOSTILE = (
    "</script><img src=//evil.example/x onerror=\"document.title='run'\"><script>document.title='run'</script>",
    "<!--<script>",
    "]]></template></li></ol><style>body{display:none}</style>",
    "</textarea></title><svg/onload=document.title='run'>\u2028\u2029",
    "\x1b[31mred\u202egnirts\x00\ud800 {{7*7}} {% raw %} &lt;b&gt; ' \" `",
    "javascript:document.title='run'",
)
TEXT = (
    "A train leaves the station with so many passengers and at every stop half of them get off while others board "
    "how many are there in the end if each ticket costs three coins and nobody pays twice"
)
WORDS = TEXT.split()


def about(run: str = "runs/demo run", **changes: object) -> About:
    """What a page says of its run."""
    made = About(
        model="Example-7B-Instruct",
        served="openai:example-7b@http://localhost:8000/v1",
        run=Path(run),
        digest="22055196fdc7e41c3075b85e93db8f72da95fefb83ef1b3f2a19d7e70ba7e40b",
        is_sealed=True,
        selection="",
        of=20_000,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def answer(number: int = 0, **changes: object) -> ShownAnswer:
    """A right answer to a sum."""
    made = ShownAnswer(
        measurement="",
        task="sums",
        sample=f"sums/row/{number}",
        repeat=0,
        reading="right",
        score=1.0,
        scorer="answer@5",
        why="",
        question=f"What is {number} + 1?",
        expected=str(number + 1),
        answer=str(number + 1),
        reasoning=0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def answers(number: int, words: int = 60, seed: int = 5) -> Iterator[ShownAnswer]:
    """Of ten answers six are right, then come one wrong, one partly right, one open and one missing."""
    rng = random.Random(seed)
    for each in range(number):
        question = " ".join(rng.choices(WORDS, k=words)).capitalize() + f"? (No. {each})"
        text = " ".join(rng.choices(WORDS, k=2 * words)).capitalize() + f".\n\nThe answer is {each % 97}."
        reading, score, why = {
            6: ("wrong", 0.0, ""),
            7: ("partly right", 0.5, "2 of 4 instructions are followed"),
            8: ("open", None, "cut off; 12 and 13 are both named"),
            9: ("missing", None, "client error: 400 Bad Request"),
        }.get(each % 10, ("right", 1.0, ""))
        yield answer(
            each,
            task=("arithmetic", "trains", "tickets")[each % 3],
            sample=f"item/{each:05}",
            repeat=each % 2,
            reading=reading,
            score=score,
            why=why,
            question=question,
            expected=str(each % 97),
            answer="" if reading == "missing" else text,
            reasoning=1234 if each % 4 == 0 else 0,
        )


def hostile() -> Iterator[ShownAnswer]:
    """Answers whose every text is hostile."""
    for number, text in enumerate(HOSTILE):
        yield answer(
            number, task=text, sample=text, scorer=text, why=text, measurement=text, question=text, expected=text,
            answer=text, reading="wrong", score=0.0, repeat=1, reasoning=5,
        )  # fmt: skip
