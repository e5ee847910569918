"""What is refused before anything is asked of an endpoint or read of a file."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.api.arguments import RunArguments
from steelyard.errors import InputError
from steelyard_forensics.api.identify import identify_job

ENDPOINT, FILE = "openai:m@http://127.0.0.1:1", "gguf:m.gguf"


def job(models: dict[str, str], **options: Any) -> Any:
    return identify_job(RunArguments(models=models), **options)


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({"subject": ENDPOINT}, "no reference is given: add --model reference=gguf:PATH"),
        ({"subject": ENDPOINT, "reference": "openai:s3cret@http://u:s3cret@h"}, "a reference is weights on this mach"),
        (
            {"subject": ENDPOINT, "reference": FILE, "reference-2": "openai:s3cret@http://h"},
            "--model reference-2=openai:…",
        ),
        ({"subject": ENDPOINT, "reference-2": FILE}, "no reference is given"),
        ({"subject": ENDPOINT, "reference": FILE, "reference-10": FILE}, "--model reference-10=…: only the model"),
        ({"subject": ENDPOINT, "reference": "recorded:run"}, "a reference is weights on this machine"),
        ({"subject": ENDPOINT, "reference": FILE, "judge": ENDPOINT}, "--model judge=…: only the model under test"),
        ({"subject": FILE, "reference": FILE}, "of two files compare the SHA-256"),
        ({"subject": "recorded:run", "reference": FILE}, "an endpoint is held against the reference"),
        ({"subject": "python:a:b", "reference": FILE}, "an endpoint is held against the reference"),
    ],
)
def test_models_that_cannot_be_held_against_weights(models: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        job(models)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": "texts", "prompts": 3}, "--prompts is not for --by texts"),
        ({"by": "next_token", "texts": 3}, "--texts is not for --by next_token"),
        ({"alpha": 0.2}, "--alpha 0.2: an error level above 0, and at most 0.05"),
        ({"alpha": 0.0}, "--alpha 0"),
    ],
)
def test_options_that_go_with_nothing(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        job({"subject": ENDPOINT, "reference": FILE}, **options)


def test_the_level_is_the_users_or_the_usual_one() -> None:
    models = {"subject": ENDPOINT, "reference": FILE}
    assert job(models).options.alpha == 0.05
    assert job(models, alpha=0.01).options.alpha == 0.01
    assert job(models).name == "identify"
