"""Which models, addresses and keys a resume may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.api.arguments import RunArguments
from steelyard.api.resume import arguments_to_resume, samples_to_resume
from steelyard.errors import InputError
from steelyard.planning.samples import Prepared
from steelyard.records.file_options import FileOptions
from steelyard.storage.local_settings import LocalSettings
from steelyard.storage.run_folder import RunFolder
from testkit.plans import measurement, plan, planned_model

ASKED = measurement(id="00-sums", task="sums", population=1)
PREPARED = {ASKED.id: Prepared(measurement=ASKED, samples=(), digests=("a" * 64,))}
URI = "openai:m@http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def made(folder: Path, uri: str = URI, local: LocalSettings | None = None) -> RunFolder:
    return RunFolder.create(folder / "run", plan(ASKED, models={"subject": planned_model(uri)}), PREPARED, None, local)


def given(uri: str, **more: object) -> RunArguments:
    return RunArguments(models={"subject": uri}, **more)  # type: ignore[arg-type]


def test_a_run_of_ones_own_needs_nothing(tmp_path: Path) -> None:
    noted = LocalSettings(
        models={"subject": URI}, api_key_env={"subject": "KEY"}, data="/data", own_files=FileOptions(question="Text")
    )
    run = made(tmp_path, local=noted)
    args = arguments_to_resume(run, RunArguments())
    assert (args.models, args.keys, args.usual_keys) == ({"subject": URI}, {"subject": "KEY"}, True)
    assert samples_to_resume(run, RunArguments())[0] == Path("/data")
    assert samples_to_resume(run, RunArguments(data=Path("/other")))[0] == Path("/other")
    assert arguments_to_resume(run, RunArguments(keys={"subject": "OTHER"})).keys == {"subject": "OTHER"}


def test_an_unknown_folder_gets_no_model_and_no_key_that_was_not_named(tmp_path: Path) -> None:
    run = made(tmp_path)
    with pytest.raises(
        InputError, match=r"not begun by you on this machine: name its model with --model URI.*--api-key"
    ):
        arguments_to_resume(run, RunArguments())
    args = arguments_to_resume(run, given(URI))
    assert (args.models, args.keys, args.usual_keys) == ({"subject": URI}, {}, False)
    assert not args.settings().usual_keys
    assert arguments_to_resume(run, given(URI, keys={"subject": "MINE"})).keys == {"subject": "MINE"}


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize(
    "other",
    [
        "openai:m@http://127.0.0.1:10/v1",
        "openai:n@http://127.0.0.1:9/v1",
        "openai:m@https://127.0.0.1:9/v1",
        "openai:m@http://127.0.0.1:9/v2",
        "openai:m@http://localhost:9/v1",
        "openai-responses:m@http://127.0.0.1:9/v1",
        "anthropic:m@http://127.0.0.1:9/v1",
        "embedded:smollm2",
        "plugin:m@http://127.0.0.1:9/v1",
    ],
)
def test_another_address_than_the_plans_is_refused(tmp_path: Path, other: str, is_known: bool) -> None:
    run = made(tmp_path, local=LocalSettings(models={"subject": other}) if is_known else None)
    with pytest.raises(InputError, match=r"the plan is about 'openai:m@http://127\.0\.0\.1:9/v1', not"):
        arguments_to_resume(run, RunArguments() if is_known else given(other))


@pytest.mark.parametrize(
    ("kind", "variable"),
    [("openai", "OPENAI_BASE_URL"), ("openai-responses", "OPENAI_BASE_URL"), ("anthropic", "ANTHROPIC_BASE_URL")],
)
def test_an_address_that_the_environment_gives_is_compared_too(
    kind: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path, f"{kind}:m@http://127.0.0.1:9/v1", LocalSettings(models={"subject": f"{kind}:m"}))
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert arguments_to_resume(run, RunArguments()).models == {"subject": f"{kind}:m"}
    monkeypatch.setenv(variable, "http://127.0.0.1:10")
    with pytest.raises(InputError, match="audit that one anew"):
        arguments_to_resume(run, RunArguments())


def test_files_of_this_machine_are_compared_when_they_are_opened(tmp_path: Path) -> None:
    run = made(tmp_path, "gguf:model.gguf")
    assert arguments_to_resume(run, given("gguf:/moved/model.gguf")).models == {"subject": "gguf:/moved/model.gguf"}


def test_a_plugins_model_is_the_plans_or_the_one_noted(tmp_path: Path) -> None:
    run = made(tmp_path, "plug:Model", LocalSettings(models={"subject": "plug:model"}))
    assert arguments_to_resume(run, RunArguments()).models == {"subject": "plug:model"}
    assert arguments_to_resume(run, given("plug:Model")).models == {"subject": "plug:Model"}
    with pytest.raises(InputError, match="not 'plug:other'"):
        arguments_to_resume(run, given("plug:other"))


def test_a_role_that_was_not_noted_is_asked_for(tmp_path: Path) -> None:
    models = {"subject": planned_model(URI), "judge": planned_model(URI)}
    noted = LocalSettings(models={"subject": URI})
    run = RunFolder.create(tmp_path / "run", plan(ASKED, models=models), PREPARED, None, noted)
    with pytest.raises(InputError, match=r"has a model in the role judge: name its model with --model judge=URI"):
        arguments_to_resume(run, RunArguments())


def test_hostile_text_in_the_plan_stays_on_one_line(tmp_path: Path) -> None:
    run = made(tmp_path, "openai:m@http://x/v1\n\x1b[2J--model")
    with pytest.raises(InputError) as refused:
        arguments_to_resume(run, RunArguments())
    assert str(refused.value).isprintable()
