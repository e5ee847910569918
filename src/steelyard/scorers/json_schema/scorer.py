"""An answer that is JSON: it keeps the suite's schema, and its fields are those of the right answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from steelyard.errors import InputError
from steelyard.records import ModelOutput, Sample, Score
from steelyard.scorers.json_schema.fields import Field, fault_of_target, read_fields
from steelyard.scorers.json_schema.rules import FieldRule, all_of, field_rule
from steelyard.scorers.json_schema.schema import Schema, open_schema
from steelyard.scorers.json_schema.validate import TooManySteps, fault_of
from steelyard.scorers.reading.json_answers import JsonAnswer, UnsettledJson, json_answer, parse_json

__all__ = ["JsonSchema"]

MAX_OPTIONS: Final = 8_000  # characters of the identifier, which stands beside every score
_SHOWN: Final = 5  # fields that a note names


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The answer's JSON keeps ``schema``, and every field of the target, which is JSON too, is right by its rule.

    ``fields`` has a rule for each field that is not compared as ``exact`` does
    (:func:`~steelyard.scorers.json_schema.rules.field_rule`). ``extra: refuse`` takes fields that the target has not
    for wrong. ``score: share`` gives the share of fields that are right in place of 1 or 0. An answer without JSON is
    unparsed; one that breaks the schema is wrong.
    """

    schema: Any = True
    fields: Any = field(default_factory=dict)
    extra: Literal["ignore", "refuse"] = "ignore"
    scores: Literal["all", "share"] = "all"
    _schema: Schema = field(init=False, repr=False, compare=False)
    _rules: Mapping[str, FieldRule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.extra not in ("ignore", "refuse") or self.scores not in ("all", "share"):
            raise InputError("scorer 'json_schema': extra is ignore or refuse, and scores is all or share")
        if not isinstance(self.fields, Mapping) or not all(isinstance(name, str) for name in self.fields):
            raise InputError(
                "scorer 'json_schema': fields names a rule for each field, such as {total: {number: 0.01}}"
            )
        if isinstance(self.schema, str):
            raise InputError(
                "scorer 'json_schema': schema is an object here; only a suite's suite.yaml names a file of its folder"
            )
        try:
            object.__setattr__(self, "_schema", open_schema(self.schema))
            object.__setattr__(self, "_rules", {name: field_rule(rule) for name, rule in self.fields.items()})
        except InputError as error:
            raise InputError(f"scorer 'json_schema': {error}") from None
        if len(self.identifier) > MAX_OPTIONS:
            raise InputError(
                f"scorer 'json_schema': schema and fields have {len(self.identifier):,} characters as JSON; "
                f"{MAX_OPTIONS:,} are the most, since they stand beside every score"
            )

    @classmethod
    def from_options(cls, options: str) -> JsonSchema:
        """The scorer for the options in its identifier; raises InputError for unknown ones."""
        try:
            return cls(**json.loads(options))
        except (ValueError, TypeError, RecursionError):
            raise InputError(f"json_schema has no options {options[:80]!r}") from None

    @property
    def identifier(self) -> str:
        """``json_schema[{"fields":…,"schema":…}]@1``: every option that is not at its default, with sorted keys."""
        defaults = {"schema": True, "fields": {}, "extra": "ignore", "scores": "all"}
        options = {name: value for name in defaults if (value := getattr(self, name)) != defaults[name]}
        if not options:
            return "json_schema@1"
        written = json.dumps(options, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return f"json_schema[{written}]@1"

    @property
    def gives_shares(self) -> bool:
        """Whether scores lie between 0 and 1."""
        return self.scores == "share"

    def target_fault(self, target: str) -> str:
        """Why a right answer cannot be compared, as the end of a sentence; empty where it can."""
        try:
            expected = parse_json(target)
        except ValueError:
            return "is no JSON, which the scorer json_schema compares ({} where the schema is all that counts)"
        return fault_of_target(expected, self._rules)

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        """1 where the schema is kept and all fields are right, 0 where not, open where a person could say either."""
        try:
            found = json_answer(output.text)
            fault = fault_of(self._schema, found.value) if found else ""
            expected = parse_json(sample.target)
        except (UnsettledJson, TooManySteps) as error:
            return Score(value=None, note=str(error))
        except ValueError:
            return Score(value=None, note="the right answer is no JSON")
        if found is None:
            return Score(value=0.0, parsed=False, note="no JSON")
        if fault:
            return Score(value=0.0, note=f"breaks the schema at {fault}")
        return self._scored(found, expected)

    def _scored(self, found: JsonAnswer, expected: Any) -> Score:
        fields = read_fields(expected, found.value, self._rules, refuse_extra=self.extra == "refuse")
        readings = [each.reading for each in fields]
        is_open = None in readings or not found.alone
        note = _note(fields) if found.alone or False in readings else "JSON within other text"
        if self.scores == "share":
            right = readings.count(True) / len(readings) if readings else 1.0
            return Score(value=None if is_open else right, note=note)
        whole = all_of(*readings)
        return Score(value=None if whole is not False and is_open else float(whole is True), note=note)


def _note(fields: list[Field]) -> str:
    """Which fields are wrong or open, by their names in the suite."""
    words = []
    for word, reading in (("wrong", False), ("open", None)):
        paths = list(dict.fromkeys(each.path or "the value" for each in fields if each.reading is reading))
        if paths:
            more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
            words.append(f"{word}: {', '.join(paths[:_SHOWN])}{more}")
    return "; ".join(words)
