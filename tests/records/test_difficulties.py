"""The record of known difficulties: what its digest is made of, and that a measurement without has none of it."""

from __future__ import annotations

from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.records import DIFFICULTY_INPUT, Difficulties
from testkit.plans import measurement

KNOWN = Difficulties(
    format="steelyard-difficulty/1", task="t", items="a" * 64, odds=(1, 0), made="2026-11-27", panel="p",
    panel_sha256="b" * 64, models=2, families=1, software="s",
)  # fmt: skip


def test_every_field_but_who_made_it_is_in_its_canonical_form() -> None:
    assert set(without_defaults(KNOWN)) == {*KNOWN.__struct_fields__} - {"by"}


def test_a_measurement_names_its_input_and_one_without_seals_nothing_of_it() -> None:
    plain = measurement()
    assert b"difficult" not in canonical(plain)
    known = measurement(difficulties=KNOWN)
    assert known.difficulties_input == f"{DIFFICULTY_INPUT}/00-t"
    assert b'"odds":[1,0]' in canonical(known)
