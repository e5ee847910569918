"""What a scorer declares, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from steelyard.planning.samples import as_asked
from steelyard.plugins import names
from steelyard.records import GenerateRequest, ModelOutput, Sample, Score
from steelyard.scorers import scorer_named
from steelyard.scorers.powers import ReferringScorer, has_power, name_of, named_has_power
from testkit.plugin_door import installed


class CodeStyle:
    """Its name begins with that of a built-in scorer, and it has none of its powers."""

    identifier = "code_style@1"

    def score(self, sample: Sample, output: ModelOutput) -> Score:
        return Score(value=1.0)


class Lines(CodeStyle):
    """Declares two."""

    identifier = "lines@1"
    compares_texts: ClassVar[bool] = True
    reads_to_stop: ClassVar[bool] = True


@pytest.fixture
def door(tmp_path: Path) -> Iterator[None]:
    with installed(tmp_path, {"scorer.code_style": f"{__name__}:CodeStyle", "scorer.lines": f"{__name__}:Lines"}):
        yield


@pytest.mark.usefixtures("door")
def test_a_plugin_has_the_powers_that_it_declares_and_not_those_of_a_like_name() -> None:
    sample = Sample(id="a", request=GenerateRequest(prompt="?", stop=("\nQ:",)), target="1", choices=("no", "yes"))
    for scorer, stop, target in (
        ("code_style@1", (), "1"), ("lines@1", ("\nQ:",), "yes"), ("code[program]@5", ("\nQ:",), "1"),
        ("exact@5", (), "yes"), ("not_installed@1", (), "1"), ("", (), "1"),
    ):  # fmt: skip
        (asked,) = as_asked([sample], 0.0, True, scorer=scorer)
        assert isinstance(asked.request, GenerateRequest)
        assert (asked.request.stop, asked.target) == (stop, target), scorer
    assert has_power(scorer_named("lines"), "compares_texts")
    assert not has_power(scorer_named("code_style"), "compares_texts")


def test_which_built_in_scorers_declare_what() -> None:
    declared = {
        power: {name for name in names("scorer") if named_has_power(name, power)}
        for power in ("answers_with_calls", "compares_texts", "reads_context", "reads_to_stop")
    }
    assert declared == {
        "answers_with_calls": {"function_calls"},
        "compares_texts": {"answer", "chrf", "citation", "contains", "exact", "numeric", "regex", "similarity"},
        "reads_context": {"citation"},
        "reads_to_stop": {"code", "code_cases"},
    }


def test_who_reads_by_a_reference_is_known_by_what_it_can_do() -> None:
    found = {
        name: scorer.reads_texts
        for name in ("likelihood[a]@1", "surprise:which=z", "exact")
        if isinstance(scorer := scorer_named(name), ReferringScorer)
    }
    assert list(found.values()) == [True, True]


def test_the_name_is_what_stands_before_options_and_version() -> None:
    assert [name_of(each) for each in ("regex[a@b]@4", "numeric:strict", "exact@5", "code", "")] == [
        "regex", "numeric", "exact", "code", "",
    ]  # fmt: skip
