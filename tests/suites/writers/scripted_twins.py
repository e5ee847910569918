"""A model on loopback that writes twins of sums by a script: a known share of each kind is not what was asked for."""

from __future__ import annotations

import json
import re
from collections import Counter

from aiohttp import web

from steelyard.records import SuiteItem
from steelyard.suites.collected import item_id
from testkit.fixtures import SumsServer

__all__ = ["CANARY", "FAULTS", "GOOD", "KINDS", "ScriptedTwins", "sum_item"]

GOOD = "good"
CANARY = "steelyard-canary-51c0"
# What is wrong with a twin, and the check that must find it.
FAULTS = {
    "wrong": "unconfirmed",  # its answer is not the sum
    "doubtful": "unconfirmed",  # answered rightly at once, and otherwise in steps
    "unchanged": "duplicate",
    "reworded": "duplicate",
    "same answer": "same answer",
    "doubled": "duplicate",  # the twin of another item too
    "leaking": "canary",
    "personal": "redacted",
    "choosing": "other form",  # with choices, where its item has none
    "chatting": "unreadable",
}
KINDS = (GOOD,) * 10 + tuple(FAULTS)
SUM = re.compile(r"crate (\d+) holds (\d+) bolts and gets (\d+) more")


def sum_item(number: int) -> SuiteItem:
    question = f"If crate {number} holds {number + 20} bolts and gets {number + 7} more, how many are in it?"
    answer = str(2 * number + 27)
    return SuiteItem(id=item_id(question, (), answer), question=question, answer=answer)


class ScriptedTwins(SumsServer):
    """Writes a twin of crate n of the kind that n stands for, and answers all sums; ``kinds`` holds them by item."""

    def __init__(self) -> None:
        super().__init__()
        self.written: Counter[str] = Counter()
        self.kinds: dict[str, str] = {}
        self.bodies: list[str] = []
        self.only = ""  # every twin is of this kind

    async def _chat(self, request: web.Request) -> web.Response:
        prompt = json.loads(await request.text())["messages"][-1]["content"]
        found = SUM.search(prompt)
        if found is None:  # a health check
            return await super()._chat(request)
        self.bodies.append(prompt)
        crate, holds, gets = map(int, found.groups())
        text = self.twin(crate, holds, gets) if "another question" in prompt else self.answer(prompt, holds + gets)
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return web.json_response({"model": "writer", "choices": [choice], "usage": {}})

    def answer(self, prompt: str, total: int) -> str:
        if "step by step" not in prompt:
            return str(total)
        return f"First the one, then the other.\nAnswer: {total + ('crate 7777 ' in prompt)}"

    def twin(self, crate: int, holds: int, gets: int) -> str:
        """The reply with a twin; another crate holds 1,000 bolts more."""
        kind = self.only or KINDS[crate % len(KINDS)]
        self.written[kind] += 1
        self.kinds[sum_item(crate).id] = kind
        number, more = crate + 5_000, holds + 1_000
        answer = more + gets
        question = f"If crate {number} holds {more} bolts and gets {gets} more, how many are in it?"
        match kind:
            case "wrong":
                answer += 10
            case "doubtful":
                question = question.replace(f"crate {number}", "crate 7777").replace(
                    "how many", f"(lot {crate}) how many"
                )
            case "unchanged":
                question, answer = sum_item(crate).question, holds + gets
            case "reworded":
                question, answer = "Please: " + sum_item(crate).question, holds + gets
            case "same answer":
                question = f"If crate {number} holds {holds + 3} bolts and gets {gets - 3} more, how many are in it?"
                answer = holds + gets
            case "doubled":
                question, answer = "If crate 9 holds 400 bolts and gets 4 more, how many are in it?", 404
            case "leaking":
                question = f"{CANARY}: {question}"
            case "personal":
                question += " Write to anna.schmidt@example.com."
        reply = {"question": question, "answer": answer}
        if kind == "choosing":
            reply["choices"] = [str(answer), "9"]
        text = json.dumps(reply)
        return "Of course, I can help." if kind == "chatting" else f"```json\n{text}\n```" if crate % 2 else text
