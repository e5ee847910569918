"""What a model gave, as a record of the journal: texts by digest, the words of an endpoint bounded."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.records import Attempt, ModelOutput, Outcome
from steelyard.storage.journal import Texts, read_texts
from steelyard.storage.journal.attempts import attempt_of

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)


def recorded(output: ModelOutput, texts: Texts) -> Attempt:
    return attempt_of(
        output,
        texts,
        measurement="arithmetic",
        position=3,
        sample="arithmetic/1",
        item="a" * 64,
        repeat=0,
        number=2,
        request="b" * 64,
        final=True,
        started_us=5,
        elapsed_us=7,
    )


@settings(deadline=None)
@given(WORDS, WORDS, WORDS)
def test_texts_are_kept_by_digest_and_an_endpoints_words_are_bounded(
    tmp_path_factory: pytest.TempPathFactory, answer: str, reasoning: str, words: str
) -> None:
    run = tmp_path_factory.mktemp("run")
    texts = Texts(run)
    output = ModelOutput(
        outcome=Outcome.OK,
        text=answer,
        reasoning=reasoning,
        finish_reason=words,
        model=words,
        detail=words,
        prompt_tokens=4,
    )
    attempt = recorded(output, texts)
    texts.close()
    kept = dict(read_texts(run))
    for digest, text in ((attempt.answer, answer), (attempt.reasoning, reasoning)):
        assert digest == (sha256(text.encode()).hexdigest() if text else "")
        assert kept.get(digest, "") == text
    assert (attempt.finish_reason, attempt.model, attempt.detail) == (words[:40], words[:200], words[:300])
    assert (attempt.attempt, attempt.prompt_tokens, attempt.final) == (2, 4, True)
