"""Made-up problems in the layout of LiveCodeBench's files on the hub, with programs that solve them or do not."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

__all__ = ["FILES", "SIZES", "mirror_of", "number_in", "packed", "problem", "right_answer", "wrong_answer"]

FILES = ("test.jsonl", "test2.jsonl", "test3.jsonl", "test4.jsonl", "test5.jsonl", "test6.jsonl")
SIZES = (400, 111, 101, 101, 167, 175)  # as published


def packed(text: str, protocol: int = 4) -> str:
    """A text as the data set packs its hidden tests."""
    return base64.b64encode(zlib.compress(pickle.dumps(text, protocol))).decode()


def problem(number: int, day: date | str = "2024-11-01", *, is_packed: bool = True) -> dict[str, Any]:
    """An even problem reads its input, an odd one is a function: each multiplies by its number and adds up."""
    is_call = number % 2 == 1
    name = f"scaled{number}"
    numbers = [[1, 2, 3], [number, 5]]
    if is_call:
        cases = [{"input": json.dumps(each), "output": json.dumps([number * one for one in each])} for each in numbers]
    else:
        cases = [
            {"input": f"{len(each)}\n{' '.join(map(str, each))}\n", "output": f"{number * sum(each)}\n"}
            for each in numbers
        ]
    public, private = ([case | {"testtype": "functional" if is_call else "stdin"}] for case in cases)
    hidden = json.dumps(private)
    return {
        "question_title": f"Scaled {number}",
        "question_content": f"Problem {number}: multiply by {number}.\n\n{{{{ not a template }}}}",
        "platform": "leetcode" if is_call else "atcoder",
        "question_id": f"made_up_{number}",
        "contest_id": "made_up",
        "contest_date": f"{day}T00:00:00",
        "starter_code": f"class Solution:\n    def {name}(self, nums: List[int]) -> List[int]:\n        "
        if is_call
        else "",
        "difficulty": "easy",
        "public_test_cases": json.dumps(public),
        "private_test_cases": packed(hidden) if is_packed else hidden,
        "metadata": json.dumps({"func_name": name} if is_call else {}),
    }


def right_answer(number: int) -> str:
    """An answer that passes a problem's tests."""
    if number % 2:
        code = f"class Solution:\n    def scaled{number}(self, nums: List[int]) -> List[int]:\n"
        code += f"        return [{number} * one for one in nums]"
    else:
        code = f"n = int(input())\nprint({number} * sum(map(int, input().split()[:n])))"
    return f"It is simple.\n\n```python\n{code}\n```\n"


def wrong_answer(number: int) -> str:
    """An answer that passes the public test and fails the hidden one."""
    if number % 2:
        code = (
            f"class Solution:\n    def scaled{number}(self, nums):\n        return {[number, 2 * number, 3 * number]}"
        )
    else:
        code = f"print({6 * number})"
    return f"```python\n{code}\n```"


def number_in(prompt: str) -> int:
    """The number of the problem that a prompt asks."""
    return int(prompt.partition("Problem ")[2].partition(":")[0])


def mirror_of(root: Path, in_window: int = 27, sizes: Sequence[int] = SIZES) -> Path:
    """A mirror with as many rows a file as published, of which the last of the fifth are of 2024-10-01 and after.

    All others are of the days before; the sixth file's are of 2025-01-10 and after.
    """
    folder = root / "livecodebench" / "code_generation_lite"
    folder.mkdir(parents=True)
    for place, (name, size) in enumerate(zip(FILES, sizes, strict=False)):
        opened = date(2025, 1, 10) if place == 5 else date(2024, 10, 1) - timedelta(days=max(0, size - in_window))
        start = opened if place > 3 else date(2023, 5, 7 + place)
        with (folder / name).open("w") as file:
            for number in range(size):
                day = start + timedelta(days=number if place > 3 else 0)
                row = problem(1_000 * (place + 1) + number, day, is_packed=number % 3 > 0)
                file.write(f"{json.dumps(row)}\n")
    return root
