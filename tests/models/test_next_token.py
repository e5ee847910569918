"""Whether a model's next tokens can be compared: what servers send that cannot, and what can."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from steelyard.models import Settings, open_model
from steelyard.models.next_token import NextTokenModel, next_token_of, next_tokens_given, output_of_tokens
from steelyard.plugins import Model
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
)

COUNT = [(" nine", -0.1), (" ten", -3.0), (".", -4.0), (",", -5.0), ("\n", -6.0)]
WALK = [(" walked", -1.1), (" then", -2.0), (" the", -3.0), (" a", -3.2), (".", -6.0)]


class Plain:
    """A model that gives no next tokens."""

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        return ModelIdentity(uri="plain:"), Capabilities()

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK, text="text")

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        return ModelOutput(outcome=Outcome.OK)

    async def close(self) -> None:
        pass


class Sending(Plain):
    """A model that answers each request by what it is told."""

    def __init__(self, answer: Callable[[str, int], ModelOutput]) -> None:
        self.answer, self.asked = answer, 0

    async def next_token(self, request: NextTokenRequest) -> ModelOutput:
        self.asked += 1
        return self.answer(request.context, self.asked)


def given(answer: Callable[[str, int], ModelOutput]) -> tuple[int, str]:
    return asyncio.run(next_tokens_given(Sending(answer)))


def by_question(change: Callable[[str, float], tuple[str, float]]) -> Callable[[str, int], ModelOutput]:
    def answer(question: str, asked: int) -> ModelOutput:
        return output_of_tokens([change(*token) for token in (COUNT if question.endswith("eight") else WALK)])

    return answer


def test_lists_that_can_be_compared() -> None:
    assert given(by_question(lambda text, value: (text, value))) == (5, "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text, value: (text, value / 2.303), "add up to"),
        (lambda text, value: (text.strip() or text, value), "begins with a space"),
        (lambda text, value: (text.replace(" ", "Ġ"), value), "a tokeniser's own signs"),
        (lambda text, value: (text.replace(" ", "▁"), value), "a tokeniser's own signs"),
        (lambda text, value: (f"token_id:{len(text)}{value}", value), "a tokeniser's own signs"),
    ],
)
def test_lists_that_cannot(change: Callable[[str, float], tuple[str, float]], said: str) -> None:
    number, reason = given(by_question(change))
    assert number == 0
    assert said in reason


def test_values_that_ignore_the_text_cannot() -> None:
    assert "the same after any text" in given(lambda question, asked: output_of_tokens(COUNT))[1]


def test_too_few_cannot() -> None:
    assert "gives 2 of them" in given(lambda question, asked: output_of_tokens(COUNT[:2]))[1]


def test_a_passing_fault_is_asked_again_and_a_lasting_one_said() -> None:
    whole = by_question(lambda text, value: (text, value))
    fault = ModelOutput(outcome=Outcome.SERVER_ERROR, detail="HTTP 502")
    assert given(lambda question, asked: fault if asked == 1 else whole(question, asked)) == (5, "")
    refused = ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="HTTP 400: logprobs are not supported")
    number, reason = given(lambda question, asked: refused)
    assert (number, "logprobs are not supported" in reason) == (0, True)


def test_a_kind_of_model_without_them_says_so() -> None:
    plain: Model = Plain()
    assert not isinstance(plain, NextTokenModel)
    output = asyncio.run(next_token_of(plain, NextTokenRequest(context="a")))
    assert output.outcome is Outcome.CLIENT_ERROR
    for detail in ("it gives no log-probabilities of the next token (a list is none)", "HTTP 500"):
        output = ModelOutput(outcome=Outcome.MALFORMED, detail=detail)
        said = given(lambda question, asked, output=output: output)[1]  # type: ignore[misc]
        assert said.count("it gives no log-probabilities of the next token") == 1
        assert said.endswith(detail)
    assert "this kind of model" in asyncio.run(next_tokens_given(plain))[1]


def test_an_answer_is_ranked_and_canonical() -> None:
    output = output_of_tokens([("b", -2.0), ("\ud800", -3.0), ("a", -1.0), ("é", -2.0)])
    assert output.text == '["a","b","é","?"]'
    assert output.logprobs == (-1.0, -2.0, -2.0, -3.0)


@pytest.fixture(scope="module")
def embedded(smollm2: object) -> Model:
    return open_model("embedded:smollm2", Settings())


def test_a_file_on_this_machine_gives_all_that_are_asked_for(embedded: Model) -> None:
    async def asked() -> tuple[tuple[int, str], ModelOutput, ModelOutput]:
        few = await next_token_of(embedded, NextTokenRequest(context="The cat sat on", top=3))
        split = await next_token_of(embedded, NextTokenRequest(prefix="The cat ", context="sat on"))
        return await next_tokens_given(embedded), few, split

    found, few, split = asyncio.run(asked())
    assert found == (20, "")
    assert len(few.logprobs) == 3
    assert list(few.logprobs) == sorted(few.logprobs, reverse=True)
    assert " the" in split.text
    assert few.outcome is Outcome.OK
    asyncio.run(embedded.close())
