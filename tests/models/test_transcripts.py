"""How much of a text is what the embedded file writes next; and what is not read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.models.embedded_file import ensure_smollm2
from steelyard.models.llama import Llama
from steelyard.models.transcripts import LEAST_TOKENS, MOST_TOKENS, TranscriptReader
from steelyard.records import GenerateRequest

LINES = (Path(__file__).parents[1] / "assets" / "published.jsonl").read_text().splitlines()
PUBLISHED = [tuple(json.loads(line)) for line in LINES]


@pytest.fixture(scope="module")
def llama() -> Iterator[Llama]:
    opened = Llama(ensure_smollm2(), threads=1, context_limit=512)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reader(llama: Llama) -> TranscriptReader:
    return TranscriptReader(llama)


def test_the_files_own_outputs_are_its_likeliest_tokens(reader: TranscriptReader) -> None:
    shares = [reader.share(GenerateRequest(prompt=prompt), text) for prompt, text in PUBLISHED[:8]]
    assert min(each for each in shares if each is not None) >= 0.94
    assert shares.count(None) <= 2, "some end after a few tokens"


def test_what_somebody_else_wrote_is_not(reader: TranscriptReader) -> None:
    pairs = zip(PUBLISHED[:6], PUBLISHED[6:12], strict=True)
    shares = [reader.share(GenerateRequest(prompt=prompt), f" {other}") for (prompt, _), (other, _) in pairs]
    assert all(each is not None and each < 0.6 for each in shares)


def test_the_first_and_the_last_token_are_not_held_against_anybody(reader: TranscriptReader) -> None:
    prompt, text = PUBLISHED[0]
    whole = reader.gaps(GenerateRequest(prompt=prompt), text)
    cut = reader.gaps(GenerateRequest(prompt=prompt), text.removesuffix(text[-1]))
    assert whole is not None
    assert cut is not None
    assert sum(gap > 0.5 for gap in cut) <= 1, "a cut inside a token costs one at most, where it becomes two"
    stripped = reader.share(GenerateRequest(prompt=prompt), text.lstrip())
    assert stripped is not None
    assert stripped >= 0.8


def test_a_chat_template_in_the_log_is_read_as_one(llama: Llama, reader: TranscriptReader) -> None:
    """A harness that renders the template logs it as text: its names of control tokens are tokens."""
    from steelyard.models.session import InferenceSession

    request = GenerateRequest(prompt="Name three birds.", chat=True, max_tokens=24)
    session = InferenceSession(llama)
    text = session.generate(request, lambda: False).text
    tokens = session.prompt_tokens(request)
    assert tokens is not None
    rendered = "".join(
        {1: "<|im_start|>", 2: "<|im_end|>"}.get(token, llama.piece(token).decode("utf-8", "replace"))
        for token in tokens
    )
    assert session.prompt_tokens(GenerateRequest(prompt=rendered), control=True) == tokens
    assert session.prompt_tokens(GenerateRequest(prompt=rendered)) != tokens, "elsewhere data never ends a turn"
    by_chat, by_text = reader.share(request, text), reader.share(GenerateRequest(prompt=rendered), text)
    assert by_chat == by_text == 1.0


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (GenerateRequest(prompt="One"), "two three"),
        (GenerateRequest(prompt="One"), ""),
        (GenerateRequest(prompt="word " * 600), "two " * 20),
        (GenerateRequest(prompt="word " * 490), "two " * 100),
        (GenerateRequest(prompt=""), "two " * 20),
    ],
)
def test_what_is_too_short_or_too_long_is_not_read(
    reader: TranscriptReader, request_: GenerateRequest, text: str
) -> None:
    found = reader.share(request_, text)
    assert found is None or not request_.prompt


def test_only_the_beginning_of_a_long_text_is_read(reader: TranscriptReader) -> None:
    gaps = reader.gaps(GenerateRequest(prompt="One two"), " three four five six" * 100)
    assert gaps is not None
    assert LEAST_TOKENS <= len(gaps) <= MOST_TOKENS
