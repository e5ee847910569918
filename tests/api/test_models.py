"""Opened models: context managers that stay with one event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import steelyard
from steelyard.api.models import recipient_of
from steelyard.plugins import HealthCheckedModel, Model
from steelyard.records import GenerateRequest


def test_an_opened_model_is_a_model_and_keeps_its_health_check(sums_server: Any) -> None:
    with steelyard.open_model(f"openai:sums@{sums_server.url}") as model:
        assert isinstance(model, Model)
        assert isinstance(model, HealthCheckedModel)
        assert repr(model) == f"<model openai:sums@{sums_server.url}>"
    assert repr(model).startswith("<closed model ")


def test_its_methods_work_on_the_loop_that_used_it_first(sums_server: Any) -> None:
    async def script() -> str:
        async with steelyard.open_model(f"openai:sums@{sums_server.url}") as model:
            assert isinstance(model, HealthCheckedModel)
            assert (await model.ping()).outcome.answered
            return (await model.generate(GenerateRequest(prompt="What is 1 + 1?", chat=True, max_tokens=5))).text

    assert asyncio.run(script()) in ("2", "3")


def test_another_loop_is_refused_and_a_loop_that_is_gone_does_not_keep_it_open(sums_server: Any) -> None:
    model = steelyard.open_model(f"openai:sums@{sums_server.url}")
    loop = asyncio.new_event_loop()
    model.bound_to(loop)
    with pytest.raises(steelyard.InputError, match="another event loop"):
        asyncio.run(model.identify())
    loop.close()
    with model:
        pass
    assert repr(model).startswith("<closed model ")


def test_a_with_block_does_not_close_what_a_running_loop_uses(sums_server: Any) -> None:
    async def script() -> None:
        with (
            pytest.raises(steelyard.InputError, match="async with"),
            steelyard.open_model(f"openai:sums@{sums_server.url}") as model,
        ):
            await model.identify()
        await model.close()

    asyncio.run(script())


def test_closing_twice_is_safe_and_a_closed_model_says_so(sums_server: Any) -> None:
    with steelyard.open_model(f"openai:sums@{sums_server.url}") as model:
        pass
    model.__exit__()
    with pytest.raises(steelyard.ModelUnavailable, match="is closed"):
        asyncio.run(model.identify())


def test_a_uri_that_names_no_model_is_refused() -> None:
    with pytest.raises(steelyard.InputError, match="no model is called 'nothing'"):
        steelyard.open_model("nothing:here")


def test_an_opened_model_can_be_used_by_plan_audit(sums_server: Any, sums_file: tuple[Path, float]) -> None:
    """The calls below audit and run take models, too, on a loop of one's own."""
    sheet = steelyard.read_sheet(Path(__file__).parents[2] / "examples" / "embedded.yaml")

    async def script() -> int:
        async with steelyard.open_model(f"openai:sums@{sums_server.url}") as model:
            planned = await steelyard.plan_audit(
                sheet, {"subject": model}, steelyard.Options(limit=5, accept_model=True)
            )
            return len(planned.plan.measurements)

    assert asyncio.run(script()) > 0


@pytest.mark.parametrize(
    ("uri", "recipient"),
    [
        ("embedded:smollm2", ""),
        ("python:mine:ask", "python"),
        ("openai:m@http://h:1", "http://h:1/v1"),
        ("anthropic:m", "https://api.anthropic.com/v1"),
        ("anthropic:m@http://h/anthropic", "http://h/anthropic/v1"),
        ("openai-responses:m", "https://api.openai.com/v1"),
        ("plug:m@http://h", "plug:m@http://h"),
    ],
)
def test_whoever_gets_what_a_model_is_asked_is_its_address(
    uri: str, recipient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert recipient_of(uri) == recipient
