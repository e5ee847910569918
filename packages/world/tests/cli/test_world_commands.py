"""The commands that test world models: floors and ceilings, pictures, one clear line for bad input."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from packages.world.tests.small_worlds import SMALL
from steelyard.cli import execute
from steelyard_world.models.card import Card, Training
from steelyard_world.models.kinds import config_of, make_learner
from steelyard_world.models.model import WorldModel
from steelyard_world.training.budget import TrainingBudget


def saved(folder: Path, seed: int = 0, **card: Any) -> str:
    """A small model with the weights that it begins with, saved as if it had been trained."""
    import msgspec

    given: dict[str, Any] = {"kind": "jepa", "action_size": 2, "action_limit": 4.0, "world": "two-room-fixed"} | card
    config = config_of("jepa", SMALL, given["action_size"])
    torch.manual_seed(seed)
    training = Training(
        source={},
        seed=seed,
        steps=1,
        frames=10,
        cpu_seconds=1.0,
        seconds=1.0,
        budget=TrainingBudget(steps=1),
        settings={},
        losses={},
    )
    WorldModel(make_learner("jepa", config), Card(config=msgspec.to_builtins(config), trained=training, **given)).save(
        folder
    )
    return str(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two trainings of one kind."""
    return [saved(tmp_path_factory.mktemp("models") / str(seed), seed) for seed in (0, 1)]


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = execute(["world", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_an_evaluation_is_a_table_a_file_and_a_page(
    models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page, kept = tmp_path / "r.html", tmp_path / "r.json"
    for columns in ("80", "100"):
        monkeypatch.setenv("COLUMNS", columns)
        code, out, _ = told(
            capsys, "eval", *models, "--test", "reasoning", "--episodes", "4", "--html", str(page), "--out", str(kept)
        )
        assert code == 0
        assert max(map(len, out.splitlines())) <= int(columns)
        assert "ceiling true dynamics" in " ".join(out.split())
        assert "2 × 4" in out
    assert "default-src 'none'" in page.read_text()
    found = json.loads(kept.read_text())
    assert [each["seed"] for each in found["checkpoints"]] == [0, 1]
    assert found["summaries"][0]["seeds"] == 2
    code, out, _ = told(capsys, "compare", str(kept), str(kept))
    assert code == 0
    assert "neither" in out


def test_plan_prints_a_trace_and_writes_pictures(
    models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, picture = tmp_path / "p.html", tmp_path / "p.png"
    given = ("--horizon", "2", "--samples", "8", "--html", str(page), "--png", str(picture))
    code, out, _ = told(capsys, "plan", models[0], "--seed", "3", *given)
    assert code == 0
    assert "true gap   predicted gap" in out
    assert "horizon 2" in out
    assert "what it predicted when it last planned" in page.read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("planner", ["mppi", "gradient"])
def test_another_planner_can_be_asked_for(
    models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], planner: str
) -> None:
    page = tmp_path / "p.html"
    given = ("--planner", planner, "--horizon", "1", "--samples", "4", "--html", str(page))
    code, out, _ = told(capsys, "plan", models[0], *given)
    assert code == 0
    assert f"planner {planner}" in out
    assert f"--planner {planner} --horizon 1 --samples 4" in page.read_text()


def test_compare_says_where_budgets_differ(
    models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = told(capsys, "compare", models[0], models[1], "--test", "reasoning", "--episodes", "3", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["differences"][0]["ahead"] in ("first", "second", "neither")
    assert found["notes"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("eval", "nowhere"), "nowhere: there is no such folder"),
        (("eval", "{folder}"), "holds no world.json"),
        (("eval", "{model}", "--test", "plannig"), "no test is called 'plannig'; there are planning"),
        (("eval", "{model}", "--world", "mars"), "no world is called 'mars'; there are"),
        (
            ("eval", "{model}", "--test", "physics"),
            "physics: does not apply to two-room-fixed; it needs --world scenes",
        ),
        (("eval", "{model}", "{model}"), "is the same training as"),
        (("eval", "{model}", "{video}"), "has another world than"),
        (("eval", "{video}", "--world", "two-room"), "learned from plain video, so it knows no actions"),
        (("eval", "{model}", "--html", "/nowhere/x.html"), "cannot be written"),
        (("plan", "{video}"), "was trained on plain video, so it knows no actions to plan with"),
        (("plan", "{model}", "--world", "mars"), "no world is called 'mars'"),
        (("compare", "{notes}", "{notes}"), "is not a results file of steelyard world eval"),
        (("compare", "{folder}", "{folder}"), "both are the same"),
        (("compare", "nowhere.json", "nowhere.json"), "cannot be read"),
    ],
)
def test_bad_input_is_one_clear_line(
    arguments: tuple[str, ...], said: str, models: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.json").write_text('{"a": 1')
    given = {
        "folder": str(tmp_path),
        "model": models[0],
        "notes": str(tmp_path / "notes.json"),
        "video": saved(tmp_path / "video", seed=7, action_size=0, world="") if "{video}" in arguments else "",
    }
    code, out, err = told(capsys, *(each.format_map(given) for each in arguments))
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["train", "eval", "compare", "plan"])
def test_help_needs_no_torch_and_the_command_says_how_to_get_it(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda wanted, *rest: None if wanted == "torch" else found(wanted))
    assert execute(["world", name, "--help"]) == 0
    assert f"Usage: steelyard world {name}" in capsys.readouterr().out
    arguments = {
        "train": ["two-room", "--out", str(tmp_path / "x")],
        "eval": [str(tmp_path)],
        "compare": ["a", "b"],
        "plan": [str(tmp_path)],
    }
    assert execute(["world", name, *arguments[name]]) == 2
    assert "world models need torch: pip install 'steelyard[world]'" in capsys.readouterr().err
