"""Logs that the weights wrote: each text stands in one log, and the rule names none but those that it should."""

from __future__ import annotations

from bench.published_logs import DRAWN, GREEDY, KINDS, OTHER, OUTPUTS, TEXTS, is_named, logs_of, read_bank, written_by
from steelyard_forensics.published.bets import REQUANTISED
from steelyard_forensics.sealed.rows import OutputShares, OutputSurprise


def greedy(name: str, own: float | None, by_others: float = 0.0) -> OutputShares:
    """A greedy text as it is read."""
    others = dict.fromkeys(REQUANTISED, by_others)
    return (
        OutputShares(sample=name, own=own, whole=own, others=others) if own is not None else OutputShares(sample=name)
    )


def drawn(name: str, gain: float) -> OutputSurprise:
    """A drawn text as it is read."""
    return OutputSurprise(sample=name, tokens=8, surprise=0.5, gains=dict.fromkeys(REQUANTISED, gain))


def test_a_log_has_texts_that_were_read_and_each_stands_in_one() -> None:
    texts = [greedy(f"{at}", None if at % 4 == 0 else 1.0) for at in range(4 * OUTPUTS + 3)]
    logs = logs_of(texts)
    assert [len(log) for log in logs] == [OUTPUTS] * 3
    names = [each.sample for log in logs for each in log]
    assert len(set(names)) == len(names)
    assert not any(int(name) % 4 == 0 for name in names)


def test_a_log_is_named_by_a_requantisation_and_by_foreign_tokens_alone() -> None:
    assert not is_named([greedy(f"{at}", 0.9, 0.8) for at in range(OUTPUTS)])
    assert is_named([greedy(f"{at}", 0.7, 0.9) for at in range(OUTPUTS)])
    assert is_named([greedy(f"{at}", 0.05) for at in range(OUTPUTS)])
    assert not is_named([drawn(f"{at}", 2.0) for at in range(OUTPUTS)])
    assert is_named([drawn(f"{at}", 2.2) for at in range(OUTPUTS)])


def test_what_is_recorded_is_of_those_who_write_in_the_order_of_the_prompts() -> None:
    bank = read_bank()
    known = {*(("drawn", each) for each in DRAWN), *(("greedy", each) for each in GREEDY)}
    assert set(KINDS) == known
    assert set(bank) <= known | {("greedy", OTHER)}
    for (decoding, served), texts in bank.items():
        assert len(texts) <= TEXTS[decoding]
        assert [each.sample for each in texts] == [f"{at}" for at in range(len(texts))], written_by(decoding, served)
        assert not any(is_named(log) for log in logs_of(texts) if served in ("own", "server"))
