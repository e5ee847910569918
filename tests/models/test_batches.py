"""The ids of batches and of their lines: ours are recognised, and none of somebody else's becomes a path."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.anthropic_batches import AnthropicBatches
from steelyard.models.batches import custom_id, entries_in, id_in, index_of
from steelyard.models.http_endpoint import Reply
from steelyard.models.openai_batches import OpenAIBatches
from steelyard.records import ModelOutput

DIGEST = "0123456789abcdef" * 4


@given(st.integers(0, 9_999))
def test_a_line_of_ours_is_recognised(index: int) -> None:
    name = custom_id(DIGEST, index)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name)  # what Anthropic takes
    assert index_of(name, DIGEST, 10_000) == index
    assert index_of(name, DIGEST, index) is None
    assert index_of(name, DIGEST[1:] + "0", 10_000) is None


@given(st.text(max_size=60))
def test_no_other_text_is_a_line_of_ours(text: str) -> None:
    assert index_of(text, DIGEST, 10_000) is None


@pytest.mark.parametrize("end", ["-01", "-+1", "-1 ", "-١", "-", "-1\n", "-99999999"])
def test_a_number_is_written_in_one_way(end: str) -> None:
    assert index_of(DIGEST[:40] + end, DIGEST, 10_000_000) is None


@pytest.mark.parametrize("wrong", ["", "../x", "a/b", "a?b", "a#b", "a b", "..", "a..b", "-a", "é", "x" * 201, 7, None])
def test_an_id_that_could_lead_elsewhere_is_none(wrong: Any) -> None:
    assert id_in({"id": wrong}) == ""


def test_usual_ids_and_lists_are_read() -> None:
    assert id_in({"id": "msgbatch_013Zva2CMHLNnXjNJJKqJ2EF"}) == "msgbatch_013Zva2CMHLNnXjNJJKqJ2EF"
    assert id_in({"output_file_id": "file-a1"}, "output_file_id") == "file-a1"
    assert id_in([]) == ""
    assert entries_in({"data": [{"id": "a"}, 7]}) == [{"id": "a"}]
    assert entries_in({"data": {}}) is entries_in(None) is None


class Crowded:
    """A provider whose list never ends: page after page of others' batches of today."""

    asked = 0

    async def call(self, method: str, path: str, body: Any) -> Reply:
        self.asked += 1
        created = 2_000_000_000 if path.startswith("/batches") else "2033-05-18T03:33:20Z"
        return Reply({"data": [{"id": f"b-{self.asked}", "created_at": created}], "has_more": True}, None)


@pytest.mark.parametrize("dialect", [OpenAIBatches, AnthropicBatches])
def test_a_batch_that_may_stand_further_down_a_long_list_is_not_said_to_be_absent(dialect: Any) -> None:
    """Said to be absent, it would be asked, and paid for, a second time."""
    http = Crowded()
    found = asyncio.run(dialect(http, dict, dict).find(DIGEST, 5, 1_900_000_000.0))
    assert isinstance(found, ModelOutput)
    assert found.fatal
    assert "more than 2,000 newer batches" in found.detail
    assert http.asked == 20
