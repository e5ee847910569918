"""Whether repeated requests bring new answers: a response cache repeats the first, and so does a fixed seed.

Two texts of three that are the same show a cache, too: two workers that each have one and are asked in turn repeat the
third alone. ``python -m bench.cached_workers`` prints how many workers are found.
"""

from __future__ import annotations

import msgspec

from steelyard.plugins import Model
from steelyard.records import Capabilities, GenerateRequest, ModelOutput

__all__ = ["identical_at"]

# An open question, whose answer has 40 tokens and more. Short ones repeat by nature: 20 of 30 sums at temperature .7.
QUESTION = (
    "Invent a small town by the sea. Describe it in about eighty words: its name, its harbour, one shop, one person "
    "who lives there, and what that person did yesterday."
)
TOKENS = 120
MORE_TOKENS = 4096  # where reasoning that is not shown took all of them
TIMES = 3


async def identical_at(model: Model, capabilities: Capabilities, temperature: float) -> bool:
    """Ask one open question up to three times at this temperature: whether any two answers are the same text.

    False where an answer fails first, since that shows nothing. True where the endpoint gives no text at all, however
    many tokens it has: nothing shows that repeats bring anything new, and who takes them for new ones accuses too soon.
    A text that comes twice by chance costs an honest model some power to be confirmed, and never accuses it.
    """
    request = GenerateRequest(prompt=QUESTION, chat=capabilities.chat, max_tokens=TOKENS, temperature=temperature)
    first = await _text(model, request)
    if first == "":
        request = msgspec.structs.replace(request, max_tokens=MORE_TOKENS)
        first = await _text(model, request)
    seen = {first}
    for _ in range(TIMES - 1):
        if None in seen:
            return False
        text = await _text(model, request)
        if text in seen:
            return True
        seen.add(text)
    return False


async def _text(model: Model, request: GenerateRequest) -> str | None:
    output: ModelOutput = await model.generate(request)
    return output.text + output.reasoning if output.outcome.answered else None
