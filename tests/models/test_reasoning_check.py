"""The handshake finds whether an endpoint reasons, how long a model output it allows, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import pytest

from steelyard.errors import InputError, ModelUnavailable
from steelyard.models import Settings, open_model
from steelyard.models.openai import OpenAIModel
from steelyard.models.reasoning_check import HARD, QUESTION, find_efforts, find_reasoning
from steelyard.records import Capabilities, GenerateRequest, ModelOutput, Outcome
from testkit.reasoning_server import COST, DIALECTS, ReasoningServer

T = TypeVar("T")
SUM = GenerateRequest(prompt="What is 20 + 3?", chat=True, max_tokens=1024, stop=("\n", "Q:"))
REASONING = [dialect for dialect in DIALECTS if dialect != "plain"]


def at(server: ReasoningServer, use: Callable[[OpenAIModel], Awaitable[T]], **settings: Any) -> T:
    async def run() -> T:
        model = open_model(f"openai:sums@{server.url}", Settings(timeout_seconds=10.0, **settings))
        assert isinstance(model, OpenAIModel)
        try:
            return await use(model)
        finally:
            await model.close()

    return asyncio.run(run())


async def capabilities_of(model: OpenAIModel) -> Capabilities:
    return (await model.identify())[1]


async def identify_and_ask(model: OpenAIModel) -> tuple[Capabilities, ModelOutput, ModelOutput]:
    capabilities = await capabilities_of(model)
    short = msgspec.structs.replace(SUM, max_tokens=COST // 2)
    return capabilities, await model.generate(SUM), await model.generate(short)


@pytest.mark.parametrize("dialect", REASONING)
def test_reasoning_is_found_and_its_stop_strings_are_the_answers_alone(dialect: str) -> None:
    with ReasoningServer(dialect) as server:
        capabilities, whole, cut = at(server, identify_and_ask)
    assert (capabilities.reasons, capabilities.output_tokens) == (True, 16_384)
    assert (whole.outcome, whole.finish_reason) == (Outcome.OK, "stop")
    assert whole.text.endswith("23")
    assert (whole.text == "23") == (dialect in ("hidden", "parts"))
    assert bool(whole.reasoning) == (dialect in ("field", "parts"))
    assert whole.reasoning_tokens == (COST if dialect == "hidden" else 0)
    assert (cut.outcome, cut.finish_reason) == (Outcome.TRUNCATED, "length")
    assert cut.text.startswith("<think>") if dialect == "inline" else cut.text == ""
    assert not any("stop" in body for body in server.bodies)


def test_a_plain_endpoint_is_asked_one_question_and_gets_stop_strings() -> None:
    with ReasoningServer("plain") as server:
        capabilities, whole, _ = at(server, identify_and_ask)
    assert (capabilities.reasons, capabilities.output_tokens) == (False, 0)
    assert whole.text == "23"
    assert server.bodies[-1]["stop"] == ["\n", "Q:"]
    assert sum(body["messages"][0]["content"] == QUESTION for body in server.bodies) == 1


@pytest.mark.parametrize(("takes", "expected"), [(10_000, 8_192), (4_096, 4_096), (3_000, 2_048), (1_500, 1_024)])
def test_the_largest_output_budget_that_it_takes(takes: int, expected: int) -> None:
    with ReasoningServer("hidden", takes=takes) as server:
        assert at(server, capabilities_of).output_tokens == expected


def test_an_endpoint_that_refuses_a_temperature_and_the_older_limit() -> None:
    with ReasoningServer("hidden", refuses=("max_tokens", "temperature")) as server:
        capabilities, whole, _ = at(server, identify_and_ask)
    assert (capabilities.chat, capabilities.reasons, capabilities.takes_temperature) == (True, True, False)
    assert whole.text == "23"
    assert {"temperature", "max_tokens"}.isdisjoint(server.bodies[-1])


def test_sealed_capabilities_are_not_measured_again() -> None:
    sealed = Capabilities(chat=True, completions=False, reasons=True, output_tokens=8_192, takes_temperature=False)
    with ReasoningServer("plain") as server:
        capabilities, whole, _ = at(server, identify_and_ask, sealed=sealed)
    assert capabilities is sealed
    assert whole.text == "23"
    assert {"temperature", "stop"}.isdisjoint(server.bodies[-1])
    assert all(body["messages"][0]["content"] != QUESTION for body in server.bodies)


def test_a_reasoning_effort_is_sent_with_the_question() -> None:
    with ReasoningServer("plain") as server:
        assert at(server, capabilities_of, reasoning_effort="low").reasons
        assert server.bodies[-1]["reasoning_effort"] == "low"
        assert not at(server, capabilities_of, reasoning_effort="none").reasons
    with (
        ReasoningServer("plain", refuses=("reasoning_effort",)) as server,
        pytest.raises(InputError, match=r"refuses --reasoning-effort low .* leave it out"),
    ):
        at(server, capabilities_of, reasoning_effort="low")


@pytest.mark.parametrize(
    ("dialect", "switch", "own", "expected", "budget"),
    [
        ("field", "off", "", ("high",), 4_096),
        ("field", "on", "", ("none", "high"), 4_096),
        ("hidden", "on", "low", ("", "none", "high"), 4_096),
        ("field", "off", "none", ("", "high"), 4_096),
        ("field", "template", "", ("high",), 4_096),
        ("inline", "", "", ("high",), 4_096),
        ("inline", "", "high", ("",), 4_096),
        ("plain", "", "", (), 0),
    ],
)
def test_efforts_that_turn_reasoning_on_or_off(
    dialect: str, switch: str, own: str, expected: tuple[str, ...], budget: int
) -> None:
    async def look(model: OpenAIModel) -> Capabilities:
        return await find_efforts(model.generate, await capabilities_of(model), own)

    for refuses in ((), ("chat_template_kwargs",) * (switch != "template")):
        with ReasoningServer(dialect, refuses, switch=switch, takes=5_000) as server:
            found = at(server, look, reasoning_effort=own)
        assert (found.efforts, found.output_tokens) == (expected, budget)
        assert found.takes_temperature


@pytest.mark.parametrize(
    ("outcome", "expected"), [(Outcome.OK, ("high",)), (Outcome.TIMEOUT, ("high",)), (Outcome.CLIENT_ERROR, ())]
)
def test_a_busy_endpoint_is_asked_again_about_its_efforts(
    outcome: Outcome, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.models.patience.FIRST_SECONDS", 0.0)
    busy = ModelOutput(outcome=Outcome.RATE_LIMITED)
    replies = [busy, ModelOutput(outcome=outcome, text="7", reasoning="7 to the power", finish_reason="stop")]

    async def ask(request: GenerateRequest) -> ModelOutput:
        return replies.pop(0) if len(replies) > 1 else replies[0]

    assert asyncio.run(find_efforts(ask, Capabilities(chat=True), "")).efforts == expected
    replies[:] = [busy]
    with pytest.raises(ModelUnavailable, match="effort high could not be asked"):
        asyncio.run(find_efforts(ask, Capabilities(chat=True), ""))


def output(text: str = "", finish: str = "length", **more: Any) -> ModelOutput:
    outcome = Outcome.TRUNCATED if finish == "length" else Outcome.OK
    return ModelOutput(**{"outcome": outcome, "text": text, "finish_reason": finish} | more)


REFUSED = ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="HTTP 400: max_tokens or model output limit was reached")


@pytest.mark.parametrize(
    ("short", "long", "expected"),
    [
        (output("5", "stop"), output(), False),
        (
            output("The answer is five. Let me explain"),
            output("The answer is five. Let me explain that.", "stop"),
            False,
        ),
        (output("a text that never ends"), output("a text that never ends"), False),
        (output(), output("5", "stop"), True),
        (output(), output(), True),
        (REFUSED, output("5", "stop"), True),
        (output("", "stop"), output("5", "stop"), False),
        (output("Okay, so"), output("Okay, so 5\n</think>\n5", "stop"), True),
        (output("5", "stop", reasoning_tokens=9), output(), True),
        (output("5", "stop", reasoning="2 and 3"), output(), True),
        (output("<think>"), output(), True),
        (ModelOutput(outcome=Outcome.SERVER_ERROR), ModelOutput(outcome=Outcome.SERVER_ERROR), False),
    ],
)
def test_what_two_replies_say(short: ModelOutput, long: ModelOutput, expected: bool) -> None:
    async def ask(request: GenerateRequest) -> ModelOutput:
        return short if request.max_tokens == 16 else long

    found, budget = asyncio.run(find_reasoning(ask))
    assert found is expected
    assert budget == (16_384 if expected else 0)


def test_no_budget_that_it_takes() -> None:
    async def ask(request: GenerateRequest) -> ModelOutput:
        return output("<think>") if request.max_tokens == 16 else REFUSED

    assert asyncio.run(find_reasoning(ask)) == (True, 0)


@pytest.mark.parametrize(
    ("on_hard", "adaptive", "found"),
    [
        (ModelOutput(outcome=Outcome.OK, text="16", reasoning_tokens=90), True, (True, 16_384)),
        (ModelOutput(outcome=Outcome.OK, text="16", reasoning="By Fermat."), True, (True, 16_384)),
        (ModelOutput(outcome=Outcome.TRUNCATED), True, (True, 16_384)),
        (ModelOutput(outcome=Outcome.OK, text="16", reasoning_tokens=90), False, (False, 0)),
        (ModelOutput(outcome=Outcome.OK, text="By Fermat, 16"), True, (False, 0)),
        (ModelOutput(outcome=Outcome.TRUNCATED, text="By Fermat,"), True, (False, 0)),
        (ModelOutput(outcome=Outcome.SERVER_ERROR), True, (False, 0)),
    ],
)
def test_a_model_that_chooses_whether_to_reason_is_asked_a_harder_question(
    on_hard: ModelOutput, adaptive: bool, found: tuple[bool, int]
) -> None:
    async def ask(request: GenerateRequest) -> ModelOutput:
        return on_hard if request.prompt == HARD else ModelOutput(outcome=Outcome.OK, text="7")

    assert asyncio.run(find_reasoning(ask, adaptive=adaptive)) == found


def test_the_harder_question_has_one_answer() -> None:
    assert "7 to the power of 222, divided by 31" in HARD
    assert pow(7, 222, 31) == 16
