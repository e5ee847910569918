"""What a session found out cannot be measured again; that its facts go together can be checked."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from steelyard.errors import VerificationError
from steelyard.planning.turns import digest_of_checkpoints
from steelyard.records import (
    SUBJECT,
    Capabilities,
    Checkpoint,
    Claim,
    ClaimSheet,
    ModelIdentity,
    Origin,
    Plan,
    PlanInput,
    PlannedModel,
    SourceFile,
)
from steelyard.verification.consistency import check_created, check_models, check_options
from testkit.plans import measurement, plan

ENDPOINT = ModelIdentity(uri="openai:m@http://127.0.0.1/v1", name="m", backend="OpenAI-compatible HTTP")
CHAT = ModelIdentity(uri="anthropic:m@http://127.0.0.1/v1", name="m", backend="Anthropic Messages")
FILE = ModelIdentity(uri="gguf:m.gguf", sha256="0" * 64, details={"context_tokens": "2048"})
NETWORKS = {"world two-room": (Checkpoint(sha256="a" * 64), Checkpoint(sha256="b" * 64))}
WORLD = ModelIdentity(uri="world:folder", sha256=digest_of_checkpoints(NETWORKS))
IN_PROCESS = {"loglikelihood": True, "deterministic": True}
NO_TEXT = {
    "deterministic": True, "offers": ("world two-room",), "loglikelihood_reason": "none", "checkpoints": NETWORKS,
}  # fmt: skip
TURNED = {"world two-room": NETWORKS["world two-room"][::-1]}
PAGES = (SourceFile(file="card.md", sha256="0" * 64),)
SHEET = ClaimSheet(model="m", claims=(Claim(task="t", value="60"),), digest="0" * 64)


def with_model(identity: ModelIdentity, capabilities: dict[str, Any], **model: Any) -> Plan:
    planned = PlannedModel(identity=identity, capabilities=Capabilities(**capabilities), **model)
    return plan(models={SUBJECT: planned}, sheet=SHEET, tolerance="2")


@pytest.mark.parametrize(
    ("identity", "capabilities"),
    [
        (ENDPOINT, {"chat": True, "concurrency": 8, "reasons": True, "output_tokens": 4096}),
        (ENDPOINT, {"repeats_identical": (0.7,), "takes_temperature": False}),
        (CHAT, {"chat": True, "completions": False, "images": True}),
        (FILE, IN_PROCESS),
        (FILE, IN_PROCESS | {"chat": True, "reasons": True, "output_tokens": 2048}),
        (WORLD, NO_TEXT),
        (ModelIdentity(uri="mine:x"), {"deterministic": True}),
    ],
)
def test_models_that_there_are(identity: ModelIdentity, capabilities: dict[str, Any]) -> None:
    check_models(with_model(identity, capabilities))


@pytest.mark.parametrize(
    ("identity", "capabilities", "said"),
    [
        (ENDPOINT, {"deterministic": True}, "deterministic is true"),
        (replace(ENDPOINT, sha256="0" * 64), {}, "sha256 is set"),
        (ENDPOINT, {"offers": None}, "offers and generate"),
        (replace(ENDPOINT, backend="Anthropic Messages"), {}, "backend and details"),
        (replace(CHAT, backend="OpenAI-compatible HTTP"), {"chat": True, "completions": False}, "backend and details"),
        (CHAT, {"completions": False}, "chat is false"),
        (CHAT, {"chat": True}, "completions, loglikelihood or next_tokens"),
        (
            CHAT,
            {"chat": True, "completions": False, "loglikelihood": True},
            "completions, loglikelihood or next_tokens",
        ),
        (ENDPOINT, {"reasons": True, "output_tokens": 99}, "output_tokens is none"),
        (ENDPOINT, {"output_tokens": 4096}, "does not reason"),
        (ENDPOINT, {"loglikelihood": True, "loglikelihood_reason": "none"}, "loglikelihood_reason"),
        (ENDPOINT, {"repeats_identical": (1.0,)}, "repeats_identical"),
        (ENDPOINT, {"repeats_identical": (0.7, 0.7)}, "repeats_identical"),
        (ENDPOINT, {"next_tokens": 20}, "nothing was looked for"),
        (ENDPOINT, {"next_tokens": 21}, "no more than 20"),
        (ENDPOINT, {"next_tokens": 5, "next_tokens_reason": "none"}, "says why it is not"),
        (FILE, {"loglikelihood": True}, "deterministic is False"),
        (FILE, IN_PROCESS | {"takes_temperature": False}, "takes_temperature is False"),
        (FILE, IN_PROCESS | {"repeats_identical": (0.7,)}, "repeats_identical"),
        (FILE, IN_PROCESS | {"reasons": True, "output_tokens": 64}, "output_tokens is not the file's context"),
        (replace(FILE, sha256=""), IN_PROCESS, "sha256 is missing"),
        (WORLD, NO_TEXT | {"deterministic": False}, "deterministic is False"),
        (WORLD, NO_TEXT | {"offers": ("language",)}, "offers language"),
        (WORLD, NO_TEXT | {"checkpoints": {}}, "checkpoints are not named for each of its offers"),
        (WORLD, NO_TEXT | {"checkpoints": TURNED}, "checkpoints are not in the order of their weights' SHA-256"),
        (replace(WORLD, sha256="0" * 64), NO_TEXT, "sha256 is not that of its checkpoints"),
    ],
)
def test_models_that_there_are_not(identity: ModelIdentity, capabilities: dict[str, Any], said: str) -> None:
    with pytest.raises(VerificationError, match=said):
        check_models(with_model(identity, capabilities))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"concurrency": 2}, "concurrency is not within"),
        ({"concurrency": 0}, "concurrency is not within"),
        ({"max_attempts": 0}, "leave no call"),
        ({"attempt_timeout_us": 0}, "leave no call"),
    ],
)
def test_how_a_model_is_asked(model: dict[str, int], said: str) -> None:
    with pytest.raises(VerificationError, match=said):
        check_models(with_model(ENDPOINT, {}, **model))
    with pytest.raises(VerificationError, match="adaptive"):
        check_models(with_model(ENDPOINT, {"concurrency": 8}, concurrency=2, adaptive=True))


def test_without_a_sheet_no_cache_is_looked_for() -> None:
    found = Capabilities(repeats_identical=(0.7,))
    models = {SUBJECT: PlannedModel(identity=ENDPOINT, capabilities=found)}
    with pytest.raises(VerificationError, match="nothing was looked for"):
        check_models(plan(models=models))
    recorded = {SUBJECT: PlannedModel(identity=ModelIdentity(uri="recorded:run"), capabilities=found)}
    check_models(plan(models=recorded))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"alpha": 0.1}, "alpha is"),
        ({"limit": 0}, "limit is"),
        ({"output_tokens": 0}, "output_tokens is"),
        ({"tolerance": "2"}, "tolerance is set"),
        ({"detectors": ("claim_retest@2",)}, "detectors is set"),
        ({"accept_model": True}, "accept_model is set"),
        ({"origin": Origin(sha256="0")}, "origin names a log"),
        ({"sheet": SHEET, "tolerance": "x"}, "tolerance: "),
        ({"sheet": SHEET, "tolerance": "1e-999999999"}, "tolerance: "),
        ({"sheet": SHEET, "tolerance": "2", "origin": Origin(kind="imported")}, "not by imported ones"),
        ({"sheet": SHEET, "tolerance": "2"}, "typed says otherwise"),
        ({"sheet": SHEET, "tolerance": "2", "software": "steelyard 0.2.0"}, "typed says otherwise"),
        ({"sheet": replace(SHEET, source_files=PAGES, typed=True), "tolerance": "2"}, "typed says otherwise"),
        (
            {"sheet": replace(SHEET, source_files=PAGES, typed=True), "tolerance": "2", "software": "steelyard 0.1.0"},
            "typed says otherwise",
        ),
    ],
)
def test_options_that_no_command_seals(changes: dict[str, Any], said: str) -> None:
    check_options(plan(measurement()))
    with pytest.raises(VerificationError, match=said):
        check_options(plan(measurement(), **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"sheet": SHEET, "software": "steelyard 0.1.0"},  # before any plan said it
        {"sheet": replace(SHEET, typed=True)},
        {"sheet": replace(SHEET, source_files=PAGES)},
    ],
)
def test_claims_are_typed_where_no_page_is_their_source(changes: dict[str, Any]) -> None:
    check_options(plan(measurement(), tolerance="2", **changes))


def test_a_pass_of_a_watch_names_the_log_and_nothing_else_may() -> None:
    named = {"watch": PlanInput(kind="watch", sha256="0" * 64)}
    check_options(plan(measurement(), inputs=named))
    for inputs in ({"other": named["watch"]}, {"watch": PlanInput(kind="run", sha256="0" * 64)}):
        with pytest.raises(VerificationError, match="inputs are not those"):
            check_options(plan(measurement(), inputs=inputs))
    with pytest.raises(VerificationError, match="inputs are not those"):
        check_options(plan(measurement(), sheet=SHEET, tolerance="2", inputs=named))


@pytest.mark.parametrize(
    "changes", [{"limit": 5}, {"chance": 0.5}, {"arm": "x"}, {"output_budget": 5}, {"decoding": "sampled"}]
)
def test_what_a_log_does_not_say(changes: dict[str, Any]) -> None:
    origin = Origin(kind="imported", harness="x", file="y", sha256="0")
    check_options(plan(measurement(), origin=origin))
    with pytest.raises(VerificationError, match="00-t: "):
        check_options(plan(measurement(**changes), origin=origin))
    with pytest.raises(VerificationError, match="a log was imported"):
        check_options(plan(measurement(), origin=origin, limit=3))


@pytest.mark.parametrize("created", ["2026-11-28T00:55:41+00:00", "2026-11-28T00:55:41-05:30"])
def test_a_time_of_the_calendar(created: str) -> None:
    check_created(plan(created=created))


@pytest.mark.parametrize(
    "created",
    ["", "today", "2026-11-28T00:55:41+00:00x", "2026-11-28", "2026-11-28T00:55:41", "2026-13-28T00:55:41+00:00",
     "20261128T005541+0000", "2026-11-28 00:55:41+00:00", "2026-11-28T00:55:41+00:00\x1b[2J"],
)  # fmt: skip
def test_what_is_no_time(created: str) -> None:
    with pytest.raises(VerificationError, match=r"created is .*, and no time"):
        check_created(plan(created=created))
