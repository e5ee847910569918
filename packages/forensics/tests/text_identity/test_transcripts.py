"""How much of a text is what the embedded file writes next; and what is not read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.models.embedded_file import ensure_smollm2
from steelyard.models.llama import Llama
from steelyard.models.requantisations import Requantisations
from steelyard.models.session import InferenceSession
from steelyard.records import GenerateRequest
from steelyard_forensics.identity.transcripts import LEAST_TOKENS, MOST_TOKENS, TranscriptReader

LINES = (Path(__file__).parents[1] / "assets" / "published.jsonl").read_text().splitlines()
PUBLISHED = [tuple(json.loads(line)) for line in LINES]


@pytest.fixture(scope="module")
def llama() -> Iterator[Llama]:
    opened = Llama(ensure_smollm2(), threads=1, context_limit=512)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reader(llama: Llama) -> TranscriptReader:
    return TranscriptReader(llama, {})


def test_the_files_own_outputs_are_its_likeliest_tokens(reader: TranscriptReader) -> None:
    shares = [reader.shares(GenerateRequest(prompt=prompt), text) for prompt, text in PUBLISHED[:8]]
    assert min(each.own for each in shares if each is not None) >= 0.94
    assert shares.count(None) <= 4, "some end after a few tokens, or repeat what was there"


def test_what_somebody_else_wrote_is_not(reader: TranscriptReader) -> None:
    pairs = zip(PUBLISHED[:6], PUBLISHED[6:12], strict=True)
    shares = [reader.shares(GenerateRequest(prompt=prompt), f" {other}") for (prompt, _), (other, _) in pairs]
    assert all(each is None or each.own < 0.7 for each in shares)
    assert sum(each is not None for each in shares) >= 3


def test_a_cut_or_stripped_end_accuses_nobody(reader: TranscriptReader) -> None:
    prompt, text = PUBLISHED[1]
    for shown in (text[:-1], text[:-2], text.lstrip()):
        found = reader.shares(GenerateRequest(prompt=prompt), shown)
        assert found is not None
        assert found.own >= 0.8


def test_a_repeat_penalty_accuses_nobody(llama: Llama, reader: TranscriptReader) -> None:
    """Tokens in whose place one was expected that stood there before are not held."""
    shares = [
        reader.shares(GenerateRequest(prompt=prompt), penalised(llama, prompt, 1.3)) for prompt, _ in PUBLISHED[:3]
    ]
    assert min(each.own for each in shares if each is not None) >= 0.85
    assert any(shares)


def penalised(llama: Llama, prompt: str, penalty: float) -> str:
    """Forty greedy tokens of a server that makes repeated ones less likely."""
    tokens, path = llama.opening() + llama.tokenise(prompt), list[int]()
    llama.clear()
    row = llama.decode(tokens, 0)[0].astype(float)
    while len(path) < 40:
        seen = sorted({*tokens, *path})
        row[seen] = [each / penalty if each > 0 else each * penalty for each in row[seen]]
        path.append(int(row.argmax()))
        row = llama.decode(path[-1:], len(tokens) + len(path) - 1)[0].astype(float)
    return b"".join(map(llama.piece, path)).decode("utf-8", "replace")


@pytest.mark.slow  # the fast run tells files apart by other measures in test_surprises.py and test_text_likelihood.py
def test_a_requantisation_explains_its_own_outputs_better(llama: Llama) -> None:
    path, _ = Requantisations(ensure_smollm2()).file("Q2_K")
    other = Llama(path, threads=1, context_limit=512)
    both = TranscriptReader(llama, {"Q2_K": other})
    found = []
    for prompt, own in PUBLISHED[2:6]:
        request = GenerateRequest(prompt=prompt, max_tokens=40)
        theirs = both.shares(request, InferenceSession(other).generate(request, lambda: False).text)
        if theirs is not None:  # loops and short texts are not read
            found.append(theirs.others["Q2_K"] > theirs.whole)
        mine = both.shares(request, own)
        assert mine is None or mine.others["Q2_K"] <= mine.whole
    other.close()
    assert all(found)
    assert len(found) >= 2


def test_a_chat_template_in_the_log_is_read_as_one(llama: Llama, reader: TranscriptReader) -> None:
    """A harness that renders the template logs it as text: its names of control tokens are tokens."""
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
    by_chat, by_text = reader.gaps(request, text), reader.gaps(GenerateRequest(prompt=rendered), text)
    assert by_chat == by_text


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
    found = reader.shares(request_, text)
    assert found is None or not request_.prompt


def test_only_the_beginning_of_a_long_text_is_read(reader: TranscriptReader) -> None:
    words = " ".join(prompt for prompt, _ in PUBLISHED[:30])
    gaps = reader.gaps(GenerateRequest(prompt="One two"), f" {words}")
    assert gaps is not None
    assert LEAST_TOKENS <= len(gaps.own) <= MOST_TOKENS
