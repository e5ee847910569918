"""Shapes of values read from JSON."""

from __future__ import annotations

from steelyard.evidence.forms import has_form, is_count, is_sha256


def test_forms_are_exact() -> None:
    form = {"records": is_count, "root": is_sha256}
    good: dict[str, object] = {"records": 0, "root": "0" * 64}
    others: list[object] = [
        {**good, "more": 1},
        {"records": 0},
        {**good, "records": True},
        {**good, "records": -1},
        [],
        None,
    ]
    assert has_form(good, form)
    for bad in others:
        assert not has_form(bad, form)
    assert not any(map(is_sha256, ("0" * 63, "0" * 64 + "\n", "A" * 64, 0)))
