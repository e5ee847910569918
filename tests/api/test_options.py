"""What a user asked becomes the options of a plan and the notes for a resume."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.api.arguments import RunArguments
from steelyard.api.models import open_model
from steelyard.api.options import local_settings_of, options_of
from steelyard.errors import InputError
from steelyard.planning.options import Detect, Options
from steelyard.storage.local_settings import LocalSettings


def test_what_is_left_out_is_the_plans_default() -> None:
    assert options_of(RunArguments()) == Options()


@pytest.mark.parametrize("scorer", ["exact", "exact:strict", "exact@6", "numeric@7", "exact@5", "letter@4"])
def test_no_new_run_has_a_former_scorer(scorer: str) -> None:
    if scorer in ("numeric@7", "exact@5", "letter@4"):
        with pytest.raises(InputError, match=f"--scorer {scorer} is a former version: leave out its number"):
            options_of(RunArguments(scorer=scorer))
    else:
        assert options_of(RunArguments(scorer=scorer)).scorer == scorer


def test_prices_of_a_table_are_looked_up_by_role(tmp_path: Path) -> None:
    table = tmp_path / "prices.yaml"
    table.write_text("a: {prompt: 1, completion: 2}\nb: {prompt: 3, completion: 4}\n")
    models = {"subject": "openai:a@http://x", "judge": "openai:b@http://x"}
    limits = options_of(RunArguments(models=models, prices=table)).role_limits
    assert {role: each.price_completion for role, each in limits.items()} == {"subject": 2.0, "judge": 4.0}


def test_one_endpoint_is_a_recipient_and_several_are_asked_alike() -> None:
    def recipient(*models: str) -> str:
        roles = ("subject", "candidate-2", "judge")
        return options_of(RunArguments(models=dict(zip(roles, models, strict=False)))).recipient

    assert recipient("openai:a@http://X:1") == recipient("openai:b@http://x:1/v1/") == "http://x:1/v1"
    assert recipient("openai:a@http://x:1", "openai:b@http://x:1") == "http://x:1/v1"
    assert recipient("openai:a@http://x:1", "openai:b@http://x:2") == ""
    assert recipient("openai:a@http://x:1", "embedded:smollm2") == ""
    assert recipient("openai:a@http://x:1", "openai:a@http://x:1", "openai:j@http://x:3") == "http://x:1/v1"
    assert recipient("embedded:smollm2") == ""


def test_what_a_resume_needs_is_noted(tmp_path: Path) -> None:
    opened = open_model("openai:b@http://x")
    args = RunArguments(
        models={"subject": "embedded:smollm2", "reference": opened},
        keys={"subject": "KEY"},
        data=tmp_path,
        task_files=(tmp_path / "sums.jsonl",),
    )
    assert local_settings_of(args, options_of(args)) == LocalSettings(
        models={"subject": "embedded:smollm2", "reference": "openai:b@http://x"},
        api_key_env={"subject": "KEY"},
        data=str(tmp_path),
        tasks=(str(tmp_path / "sums.jsonl"),),
    )


def test_a_reference_that_no_test_asks_for_is_refused_before_it_is_loaded() -> None:
    args = RunArguments(models={"subject": "embedded:smollm2", "reference": "gguf:m.gguf"})
    with pytest.raises(InputError, match="--detect auto,identity"):
        options_of(args, detect=Detect())
    assert options_of(args, detect=Detect(named=("identity",))).detect.named == ("identity",)
