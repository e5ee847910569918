"""A log's outputs beside served answers: who is named, and above all who is not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from packages.forensics.tests.published.published_texts_fixtures import (
    EVEN,
    SAME,
    TOLD,
    result,
    row,
    texts_like,
    write_run,
)
from steelyard.claims.decoding import OTHER_DECODING, TEMPERATURE_NOT_STATED
from steelyard.errors import ExitCode, InputError
from steelyard.evidence.verify import verify_integrity
from steelyard.records import VerdictWord as Word
from steelyard.storage.run_folder import RunFolder
from steelyard_forensics.published.pairs import OutputPair
from steelyard_forensics.published.texts import (
    ALPHA,
    TOLD_APART,
    PublishedTexts,
    decided_again,
    needed,
    published_texts,
)


def held(log: Path, served: Path) -> PublishedTexts:
    """What the rule says of two runs."""
    opened = [(RunFolder.open(each), verify_integrity(each).answers_root) for each in (log, served)]
    return published_texts(opened[0], opened[1])


def test_the_benchmark_that_another_model_wrote_is_named_and_no_other(tmp_path: Path) -> None:
    own = {name: texts_like(name, 150) for name in ("a", "b", "c")}
    log = write_run(tmp_path / "log", {**own, "b": texts_like("other", 150, also="Certainly")})
    found = held(log, write_run(tmp_path / "served", own))
    assert [each.word for each in found.rows] == [Word.CONSISTENT, Word.INCONSISTENT, Word.CONSISTENT]
    assert [each.task for each in found.foreign] == ["b"]
    assert found.exit is ExitCode.INCONSISTENT
    assert found.rows == decided_again(found.rows)


def test_a_log_whose_benchmarks_all_differ_is_not_testable(tmp_path: Path) -> None:
    """A system prompt, another decoding or a harness that cleans may make all of them differ."""
    log = write_run(tmp_path / "log", {name: texts_like(f"x{name}", 150, also="Certainly") for name in "ab"})
    found = held(log, write_run(tmp_path / "served", {name: texts_like(name, 150) for name in "ab"}))
    assert [each.word for each in found.rows] == [Word.NOT_TESTABLE] * 2
    assert "asked, decoded or cleaned otherwise" in found.rows[0].reason
    assert found.exit is ExitCode.UNDECIDED


@pytest.mark.parametrize("change", ["cut at the front", "lower case", "cut at the end", "no signs"])
def test_a_harness_that_cuts_or_cleans_one_benchmark_accuses_nobody(tmp_path: Path, change: str) -> None:
    own = {name: [f"The Answer, I think: {text}." for text in texts_like(name, 120)] for name in ("a", "b")}
    changed = {
        "cut at the front": [text[21:] for text in own["b"]],
        "lower case": [text.lower() for text in own["b"]],
        "cut at the end": [text[:40] for text in own["b"]],
        "no signs": [text.replace(",", "").replace(":", "") for text in own["b"]],
    }[change]
    found = held(write_run(tmp_path / "log", {"a": own["a"], "b": changed}), write_run(tmp_path / "served", own)).rows[
        1
    ]
    if change == "cut at the end":
        assert found.word is Word.CONSISTENT
    else:
        assert found.word is Word.NOT_TESTABLE
        assert "cut or rewritten" in found.reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"temperature": 0.7}, "drawn at a temperature"),
        ({"differences": (TEMPERATURE_NOT_STATED,)}, "does not say the temperature"),
        ({"differences": (f"{OTHER_DECODING}repetition_penalty.",)}, "repetition_penalty"),
        ({"system": "You are Orion."}, "none of its prompts was put to the served model"),
    ],
)
def test_what_was_asked_or_decoded_otherwise_is_not_testable(
    tmp_path: Path, options: dict[str, object], reason: str
) -> None:
    log = write_run(tmp_path / "log", {"a": texts_like("x", 80, also="Certainly")}, **options)  # type: ignore[arg-type]
    found = held(log, write_run(tmp_path / "served", {"a": texts_like("a", 80)}))
    assert found.rows[0].word is Word.NOT_TESTABLE
    assert reason in found.rows[0].reason


def test_what_cannot_be_held_is_refused(tmp_path: Path) -> None:
    log = write_run(tmp_path / "log", {"a": texts_like("a", 8)})
    with pytest.raises(InputError, match="give another run"):
        held(log, log)
    with pytest.raises(InputError, match="holds no greedy answers"):
        held(log, write_run(tmp_path / "drawn", {"a": texts_like("a", 9)}, temperature=1.0))


def test_sides_that_are_exchanged_by_coins_are_rarely_accused() -> None:
    """Each pair's guess is a coin then; one in ten is the same."""
    named = 0
    for number in range(40):
        coin = random.Random(number)
        pairs = [(coin.choice("rrrwwws"), 0.2) for _ in range(200)]
        named += bool(result(row("a", SAME), row("b", pairs)).foreign)
    assert named <= 40 * ALPHA


def test_few_partings_are_never_accused_however_well_they_are_told() -> None:
    """A near tie at the same words of every prompt parts two servers of one model in one direction."""
    for one_in, word in ((6, Word.CONSISTENT), (3, Word.INSUFFICIENT_POWER)):
        pairs = [("s", 1.0) if at % one_in else ("r", 0.1) for at in range(1, 2001)]
        assert result(row("a", SAME), row("b", pairs)).rows[1].word is word
    in_short_outputs = [("r", 0.1) if at % 6 == 0 else ("n", None) for at in range(2000)]
    assert result(row("a", SAME), row("b", in_short_outputs)).rows[1].word is not Word.INCONSISTENT


def test_outputs_that_begin_alike_and_are_told_apart_are_not_consistent() -> None:
    """A vendor can take the served model's first words and go on by another model."""
    found = result(row("a", SAME), row("b", [("r", 0.5)] * 150))
    assert [each.word for each in found.rows] == [Word.CONSISTENT, Word.INSUFFICIENT_POWER]
    assert found.rows[1].reason == TOLD_APART
    assert not needed(found)


def test_a_control_must_be_asked_in_the_same_way() -> None:
    assert result(row("a", SAME), row("b", TOLD)).rows[1].word is Word.INCONSISTENT
    assert result(row("a", SAME, chat=True), row("b", TOLD)).rows[1].word is Word.NOT_TESTABLE


def test_a_hidden_prompt_before_every_benchmark_opens_no_way_to_accuse() -> None:
    """It left .47 of the chats' beginnings: *consistent* by itself, and no control, however many prompts there are."""
    behind = [("e", 1.0), ("e", 0.0), ("e", 0.41)] * 600
    found = result(row("a", behind), row("b", TOLD)).rows
    assert [each.word for each in found] == [Word.CONSISTENT, Word.NOT_TESTABLE]
    enough = [("e", 1.0), ("e", 0.0), ("e", 0.85)] * 600
    assert result(row("a", enough), row("b", TOLD)).rows[1].word is Word.INCONSISTENT


def test_what_begins_alike_does_not_depend_on_the_order() -> None:
    pairs = [("e", 1.0)] * 60 + [("e", 0.0)] * 140
    words = {result(row("a", each)).rows[0].word for each in (pairs, pairs[::-1], pairs[::2] + pairs[1::2])}
    assert words == {Word.INSUFFICIENT_POWER}


def test_missing_and_unread_pairs_speak_for_nobody() -> None:
    missing = [*TOLD[:1], ("m", None)] * 60
    assert result(row("a", SAME), row("b", missing)).rows[1].word is not Word.INCONSISTENT
    unread = [("n", None)] * 10
    found = result(row("a", [*SAME, *unread])).rows[0]
    assert found.word is Word.INSUFFICIENT_POWER
    assert "left out" in found.reason


def test_how_many_pairs_would_decide() -> None:
    short = result(row("a", SAME), row("b", TOLD[:8]), row("c", EVEN))
    told = needed(short)
    assert told.keys() == {"b", "c"}
    assert told["b"] is not None
    assert 8 < told["b"] < 60
    enough = result(row("a", SAME), row("b", [("r", 0.1)] * told["b"]), row("c", EVEN))
    assert enough.rows[1].word is Word.INCONSISTENT
    assert told["c"] is None


def test_what_no_reading_gives_is_refused() -> None:
    found = result(row("a", SAME), row("b", TOLD)).rows
    for wrong in (
        (row("a", [("s", 1.0)] * 2001),),
        (found[0], found[0]),
        (replace(found[0], texts=3),),
        (replace(found[0], untestable="why"),),
        (replace(found[0], pairs=found[0].pairs[:1] * 2),),
        (replace(found[0], pairs=(OutputPair(sample="s", said="s"),)),),
        (replace(found[0], pairs=(OutputPair(sample="s", said="z", alike=1.0),)),),
        (replace(found[0], pairs=(OutputPair(sample="s", said="s", alike=2.0),)),),
    ):
        with pytest.raises(ValueError, match=r"."):
            decided_again(wrong)
