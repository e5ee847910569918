"""A model on loopback that writes questions by a script: a known share of each kind is not what was asked for."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import Any

from aiohttp import web

from testkit.fixtures import SumsServer

__all__ = ["KINDS", "ScriptedWriter"]

GOOD = "good"
# What is wrong with a question, and the check that must find it.
FAULTS = {
    "invented": "span not in the document",
    "elsewhere": "answer not in the span",
    "unanswerable": "unanswerable",
    "known": "known without the document",
    "leaning": "names the passage",
    "telling": "holds its answer",
    "incomplete": "unreadable",
    "doubled": "duplicate",  # written twice in the same words: one of them is good
    "reworded": "duplicate",  # written twice in nearly the same words
}
KINDS = (GOOD,) * 10 + tuple(FAULTS)
WORD = re.compile(r"[^\W\d_]{5,}")
SENTENCE = re.compile(r"[^.!?\n]{30,300}[.!?]")
PASSAGE = re.compile(r"-{10}\n(.*)\n-{10}", re.DOTALL)
QUESTION = re.compile(r"(?:Question|Frage): (.*)\s*\Z")


class ScriptedWriter(SumsServer):
    """Asks for the longest word of every sentence of a passage; the kind of a question follows from the sentence.

    ``written`` counts the kinds, ``kinds`` holds them by question. Replies come bare, in a code fence or after
    reasoning, with other quotes and white space than the document's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kinds: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.written: Counter[str] = Counter()
        self.bodies: list[str] = []

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        self.bodies.append(prompt)
        text = self.reply(prompt)
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"model": "writer", "choices": [choice], "usage": {}})

    def reply(self, prompt: str) -> str:
        """The text that the model gives."""
        if passage := PASSAGE.search(prompt):
            return self._write(passage[1])
        found = QUESTION.search(prompt)
        question = found[1].strip() if found else ""
        kind = self.kinds.get(question, "")
        is_alone = "Part:" not in prompt and "Teil:" not in prompt
        if is_alone:
            return self.answers[question] if kind == "known" else "unknown"
        return "not answered" if kind == "unanswerable" else f"{self.answers.get(question, 'not answered')}."

    def question(self, sentence: str, answer: str, name: str) -> str:
        """What is asked about a sentence whose longest word is ``answer``; no two sentences have one ``name``."""
        return f"Which word is under number {name} in our files?"

    def _write(self, passage: str) -> str:
        items: list[dict[str, Any]] = []
        for sentence in SENTENCE.findall(passage):
            words = WORD.findall(sentence)
            if not words:
                continue
            digest = hashlib.sha256(sentence.encode()).digest()
            kind = KINDS[digest[0] % len(KINDS)]
            items += self._items(kind, " ".join(sentence.split()), max(words, key=len), digest.hex()[:12])
        text = json.dumps({"items": items}, ensure_ascii=False)
        digest = hashlib.sha256(passage.encode()).digest()
        return (text, f"Here it is:\n```json\n{text}\n```\nDone.", f"<think>{{hm}}</think>\n{text}")[digest[0] % 3]

    def _items(self, kind: str, sentence: str, answer: str, name: str) -> list[dict[str, Any]]:
        question = self.question(sentence, answer, name)
        span = sentence.replace('"', "“").replace("'", "’")
        if kind == "invented":
            span = f"{span} Or so."
        elif kind == "elsewhere":
            span = re.sub(re.escape(answer), "\x00", span).partition("\x00")[0].strip() or "Nothing of it"
        elif kind == "leaning":
            question = f"Which word does the passage have under number {name}?"
        elif kind == "telling":
            question = f"Which word is {answer} under number {name}?"
        item = {"question": question, "answer": answer, "span": span}
        if kind == "incomplete":
            del item["span"]
        if question in self.kinds:  # the sentence stands in the documents twice
            return [item]
        self.written[kind] += 1
        self.kinds[question], self.answers[question] = kind, answer
        if kind not in ("doubled", "reworded"):
            return [item]
        self.written[GOOD] += 1
        again = f"{question.replace('Which', 'WHICH').removesuffix('?')} ?"
        if kind == "reworded":
            again = f"Please tell me, {question.replace('Which', 'which').replace('under number', 'under the number')}"
        self.kinds[again], self.answers[again] = GOOD, answer
        self.kinds[question] = GOOD
        return [item, item | {"question": again}]
