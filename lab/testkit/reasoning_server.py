"""A server that adds, rightly, and reasons before it answers: in several dialects, with limits like real endpoints'."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from aiohttp import web

from testkit.fixtures import SumsServer

__all__ = ["COST", "DIALECTS", "ReasoningServer"]

COST = 148  # tokens of its reasoning
DIALECTS = ("hidden", "field", "inline", "unopened", "parts", "plain")
SUM = re.compile(r"(\d+) \+ (\d+)\?")
# Stop strings, wrong numbers and lines are in it, as in real reasoning.
REASONING = "First the units.\n\nQ: is it 7?\nNo, 11.\n" + "".join(
    f"Let me check that for the {number}th time. " for number in range(4, 20)
)


class ReasoningServer(SumsServer):
    """``dialect`` says where its reasoning is; ``plain`` has none. It costs 148 tokens, and the answer two.

    A smaller budget ends in the reasoning with ``finish_reason`` length. ``takes`` is the largest budget it accepts.
    ``refuses`` names parameters that are answered with HTTP 400: ``temperature``, ``max_tokens``. After ``sums_left``
    samples it is down. ``wrong`` is the share of sums that it gets wrong, by a hash of the sum.
    ``switch``: by itself it reasons (*on*) or not (*off*), an effort says otherwise, and without reasoning ``wrong`` is
    ``unreasoned``. Where it is *off*, it takes no temperature beside its reasoning. *template*: off, and only its chat
    template turns it on.
    """

    def __init__(
        self,
        dialect: str,
        refuses: tuple[str, ...] = (),
        takes: int = 1 << 20,
        wrong: float = 0.0,
        switch: str = "",
        unreasoned: float = 0.0,
    ) -> None:
        super().__init__()
        self.switch, self.unreasoned = switch, unreasoned
        self.dialect, self.refuses, self.takes, self.wrong = dialect, refuses, takes, wrong
        self.bodies: list[dict[str, Any]] = []
        self.sums_left: int | None = None

    def errs(self, first: str, second: str, *, reasons: bool = True) -> bool:
        """Whether it gets this sum wrong."""
        wrong = self.wrong if reasons or not self.switch else self.unreasoned
        return hashlib.sha256(f"{first}+{second}".encode()).digest()[0] < 256 * wrong

    async def _chat(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        is_off, effort = self.switch in ("off", "template"), body.get("reasoning_effort")
        if self.switch == "template":
            effort = "high" if body.get("chat_template_kwargs", {}).get("enable_thinking") else None
        reasons = self.dialect != "plain" and not (self.switch and effort in ("none", *[None] * is_off))
        refuses = (*self.refuses, *["temperature"] * (self.switch == "off" and reasons))
        refused = next((name for name in refuses if name in body), "")
        if refused:
            other = " Use 'max_completion_tokens' instead." if refused == "max_tokens" else ""
            message = f"Unsupported parameter: '{refused}' is not supported with this model.{other}"
            return web.json_response({"error": {"message": message}}, status=400)
        budget = body.get("max_tokens", body.get("max_completion_tokens"))
        if budget > self.takes:
            message = f"max_tokens is too large: {budget}. This model supports at most {self.takes} tokens."
            return web.json_response({"error": {"message": message}}, status=400)
        self.bodies.append(body)
        found = SUM.search(body["messages"][-1]["content"])
        if self.sums_left == 0:
            return web.json_response({"error": {"message": "down"}}, status=502)
        if found and self.sums_left:
            self.sums_left -= 1
        errs = found is not None and self.errs(found[1], found[2], reasons=reasons)
        answer = str(int(found[1]) + int(found[2]) + errs) if found else "Hello!"
        reasoning = min(COST, budget) if reasons else 0
        is_cut = reasoning + 2 > budget if reasoning else False
        usage: dict[str, Any] = {"prompt_tokens": 9, "completion_tokens": reasoning + (0 if is_cut else 2)}
        if self.dialect == "hidden":
            usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
        thought = REASONING[: max(1, len(REASONING) * budget // COST)] if is_cut else REASONING
        choice = {
            "message": {"role": "assistant"}
            | (self._message(thought, "" if is_cut else answer) if reasons else {"content": answer}),
            "finish_reason": "length" if is_cut else "stop",
        }
        return web.json_response({"model": "sums", "choices": [choice], "usage": usage})

    def _message(self, thought: str, answer: str) -> dict[str, Any]:
        closing = f"</think>\n\n{answer}" if answer else ""
        match self.dialect:
            case "field":
                return {"reasoning_content": thought, "content": f"\n\n{answer}" if answer else None}
            case "inline":
                return {"content": f"<think>\n{thought}{closing}"}
            case "unopened":
                return {"content": thought + closing}
            case "parts":
                parts: list[dict[str, Any]] = [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}]
                return {"content": [*parts, {"type": "text", "text": answer}] if answer else parts}
            case _:
                return {"content": answer}
