"""A mirror with made-up rows for every row of Llama 4's table, and an endpoint on loopback that knows some of them.

Each made-up question names its benchmark and number, ``[chartqa 17]``; MGSM's questions are its own, from the measuring
data. How many items of a row the endpoint knows is set by the test, and which ones is the same each time.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from steelyard.tasks import load_task
from testkit import lcb_problems, translation_server
from testkit.reversing_server import share_of
from testkit.vision_server import VisionServer, picture

__all__ = ["ROWS", "KnowingServer", "known_of", "mirror_of", "sentences_of"]

ROWS = {
    "mmmu": 900,
    "mmmu_pro": 3460,
    "mathvista": 1000,
    "chartqa": 2500,
    "docvqa": 5349,
    "livecodebench": 167,
    "mmlu_pro": 12032,
    "gpqa": 198,
    "mgsm": 2750,
}
LETTERS = "ABCDEFGHIJ"
PICTURE = "1.png"
_MARK = re.compile(r"\[([a-z_]+) (\d+)\]")
_ASKED = re.compile(r'\((\w+)\)\.\n.*Translate: "([^"]*)"', re.DOTALL)
_TOKEN = re.compile(r"\s*\S+|\s+")


def mirror_of(root: Path, shared: Path) -> Path:
    """A mirror of as many made-up rows as each benchmark has, in the hub's layout; MGSM is the real one."""
    hub = load_task("mmmu").definition.hub
    assert hub is not None
    for place, name in enumerate(hub.configs):
        _put(root, f"MMMU/MMMU/{name}/validation", [_mmmu(n) for n in range(place * 30, place * 30 + 30)])
    standard = [_lettered("mmmu_pro", n, 10) | {"options": str(_options(10)), "image_1": PICTURE} for n in range(1730)]
    _put(root, "MMMU/MMMU_Pro/standard (10 options)/test", standard)
    # What a vision question asks stands in its picture: the number of the picture is that of the question.
    vision = [
        {"id": str(n), "options": str(_options(10)), "answer": LETTERS[n % 10], "image": f"{n}.png"}
        for n in range(1730, 3460)
    ]
    _put(root, "MMMU/MMMU_Pro/vision/test", vision, pictures=range(1730, 3460))
    free = {"question_type": "free_form", "answer_type": "integer", "choices": None, "precision": None}
    math_rows = [
        {"question": _mark("mathvista", n), "query": _mark("mathvista", n), "answer": str(n), "decoded_image": PICTURE}
        for n in range(1000)
    ]
    _put(root, "AI4Math/MathVista/default/testmini", [row | free for row in math_rows])
    charts = [{"query": _mark("chartqa", n), "label": [f"bar {n}"], "image": PICTURE} for n in range(2500)]
    _put(root, "HuggingFaceM4/ChartQA/default/test", charts)
    pages = [{"question": _mark("docvqa", n), "answers": [f"entry {n}"], "image": PICTURE} for n in range(5349)]
    _put(root, "lmms-lab/DocVQA/DocVQA/validation", pages)
    subjects = [f"subject {n}" for n in range(14)]
    pro = [_lettered("mmlu_pro", n, 10) | {"category": subjects[n * n % 14]} for n in range(12032)]
    pro = [row | {"options": _options(10), "answer_index": n % 10} for n, row in enumerate(pro)]
    _put(root, "TIGER-Lab/MMLU-Pro/default/test", pro)
    _put(root, "TIGER-Lab/MMLU-Pro/default/validation", [])
    _put(root, "Idavidrein/gpqa/gpqa_diamond/train", [_gpqa(n) for n in range(198)])
    lcb_problems.mirror_of(root)
    window = [lcb_problems.problem(5000 + n, date(2024, 10, 1) + timedelta(days=n * 120 // 167)) for n in range(167)]
    _write(root / "livecodebench/code_generation_lite/test5.jsonl", window)
    translation_server.mirror_of(root)
    (root / "juletxara").symlink_to(shared / "data" / "juletxara")
    return root


def _put(root: Path, place: str, rows: list[dict[str, Any]], pictures: range = range(1, 2)) -> None:
    _write(root / f"{place}.jsonl", rows)
    for number in pictures:
        ((root / place).parent / f"{number}.png").write_bytes(picture(number))


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def _mark(name: str, number: int) -> str:
    return f"What is meant in [{name} {number}]?"


def _options(count: int) -> list[str]:
    return [f"thing {each}" for each in range(count)]


def _lettered(name: str, number: int, count: int) -> dict[str, Any]:
    return {"id": str(number), "question": _mark(name, number), "answer": LETTERS[number % count]}


def _mmmu(number: int) -> dict[str, Any]:
    kind = {"id": f"validation_Made_{number}", "question_type": "multiple-choice", "options": str(_options(4))}
    return _lettered("mmmu", number, 4) | kind | {"question": f"{_mark('mmmu', number)} <image 1>", "image_1": PICTURE}


def _gpqa(number: int) -> dict[str, Any]:
    wrong = {f"Incorrect Answer {each}": f"wrong {number} {each}" for each in (1, 2, 3)}
    return {"Question": _mark("gpqa", number), "Correct Answer": f"right {number}", "Record ID": str(number)} | wrong


def known_of(name: str, share: float) -> int:
    """The least number of a row's items that is at least this share of them."""
    return math.ceil(share * ROWS[name] - 1e-9)


def sentences_of(share: float, *, at_most: bool) -> int:
    """How many of MTOB's 50 sentences bring this corpus score: the least number, or the most that stays below it."""
    reached = next(known for known in range(51) if float(translation_server.score(known)) >= share)
    return reached - at_most


class KnowingServer(VisionServer):
    """Knows ``known`` items of each row, as a server that gives text, by chat and without, and log-likelihoods.

    ``sentences``: how many of MTOB's 50 sentences it knows, by subset. ``asked_of`` counts the calls by row.
    Without ``echoes`` it ignores ``echo``, as most endpoints do, and gives no log-likelihoods.
    """

    def __init__(
        self, known: Mapping[str, int], sentences: Mapping[str, int], shared: Path, *, echoes: bool = True
    ) -> None:
        super().__init__()
        self.echoes = echoes
        self.known, self.sentences = known, sentences
        self.asked_of: Counter[str] = Counter()
        self.says = self.answered
        self._hello = 0
        self._mgsm: dict[str, tuple[int, str]] = {}
        for place, language in enumerate(("bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh")):
            file = shared / "data" / "juletxara" / "mgsm" / language / "test.jsonl"
            for number, line in enumerate(file.read_text().splitlines()):
                row = json.loads(line)
                self._mgsm[row["question"].strip()] = place * 250 + number, str(row["answer_number"])

    def knows(self, name: str, number: int) -> bool:
        """Whether it knows an item: those known are scattered over all."""
        return number * 7919 % ROWS[name] < self.known[name]

    def answered(self, text: str, shown: list[int]) -> str:
        """The answer to a message that names an item, or whose picture does."""
        if found := _ASKED.search(text):
            return self._translated(found[1], found[2])
        if ("Problem " in text and "Enclose your code" in text) or "enclose your code" in text:
            number = lcb_problems.number_in(text)
            right = self.knows("livecodebench", number - 5000)
            return (lcb_problems.right_answer if right else lcb_problems.wrong_answer)(number)
        marks = _MARK.findall(text)
        if marks:
            return self._of_item(marks[-1][0], int(marks[-1][1]), text)
        if shown and "option" in text:
            return self._of_item("mmmu_pro", shown[0], text)
        question = text.split("\n\n")[-1].strip()
        if found_item := self._mgsm.get(question):
            self.asked_of["mgsm"] += 1
            return found_item[1] if self.knows("mgsm", found_item[0]) else "-7"
        self._hello += 1
        return f"Hello to you, {self._hello}"

    def _of_item(self, name: str, number: int, text: str) -> str:
        self.asked_of[name] += 1
        is_known = self.knows(name, number)
        if name == "gpqa":
            return f"Answer: {self._letter_of(text, is_known)}"
        if name in ("mmmu", "mmmu_pro", "mmlu_pro"):
            options = 4 if name == "mmmu" else 10
            return f"So the answer is ({LETTERS[(number + (not is_known)) % options]})."
        right = {"mathvista": str(number), "chartqa": f"bar {number}", "docvqa": f"entry {number}"}[name]
        answer = right if is_known else "-7"
        return f"FINAL ANSWER: {answer}" if "inal" in text and name == "chartqa" else answer

    @staticmethod
    def _letter_of(text: str, is_known: bool) -> str:
        """The letter of the right option, or of the one after it."""
        place = re.findall(r"([A-D])\) (right|wrong)", text)
        letter = next(letter for letter, kind in place if kind == "right")
        return letter if is_known else "ABCD"[("ABCD".index(letter) + 1) % 4]

    def _translated(self, subset: str, sentence: str) -> str:
        self.asked_of[subset] += 1
        number = int(sentence.rpartition(" ")[2])
        is_known = translation_server.is_known(number, self.sentences[subset])
        return (translation_server.translation if is_known else translation_server.wrong)(sentence)

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_post("/v1/completions", self._complete)

    async def _complete(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = json.loads(await request.text())
        if body.get("echo") and self.echoes:
            return self._echo(body["prompt"])
        choice = {"text": f" {self.answered(body['prompt'], [])}", "finish_reason": "stop"}
        return web.json_response({"model": self.name, "choices": [choice], "usage": {"prompt_tokens": 9}})

    def _echo(self, prompt: str) -> web.Response:
        """The log-probabilities of a prompt: high for the letter at its end that this model would choose."""
        marks, chosen = _MARK.findall(prompt), ""
        if marks and marks[-1][0] == "gpqa":
            chosen = f" ({self._letter_of(prompt, self.knows('gpqa', int(marks[-1][1])))})"
        elif marks:
            number = int(marks[-1][1])
            chosen = f" {LETTERS[(number + (not self.knows('mmlu_pro', number))) % 10]}"
        tokens, values, offsets, place = _TOKEN.findall(prompt), [], [], 0
        for token in tokens:
            is_chosen = bool(chosen) and token == chosen and place + len(token) == len(prompt)
            surprise = 14.0 if token == " purple" else 0.5 if is_chosen else 3.0 - 0.1 * (token in (" six", " seven"))
            values.append(None if place == 0 else -surprise - share_of("context", prompt[:place]))
            offsets.append(place)
            place += len(token)
        logprobs = {"tokens": tokens, "token_logprobs": values, "text_offset": offsets}
        return web.json_response({"choices": [{"text": prompt, "logprobs": logprobs, "finish_reason": "length"}]})
