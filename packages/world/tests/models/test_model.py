"""WorldModel: a saved model loads unchanged, and misuse raises one-line errors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from packages.world.tests.small_worlds import SMALL, small_source
from steelyard.errors import InputError, MissingDependency
from steelyard_world.fitting import train_model
from steelyard_world.learner import Learner
from steelyard_world.models import model as module
from steelyard_world.models.card import Card
from steelyard_world.models.kinds import make_learner
from steelyard_world.models.model import WorldModel
from steelyard_world.planners.settings import PlannerSettings
from steelyard_world.sim.catalog import HELD_OUT, simulator
from steelyard_world.sim.simulator import Frames
from steelyard_world.training.budget import TrainingBudget

WORLD = simulator("two-room-fixed")
PLANNER = PlannerSettings(horizon=3, repeat=2, samples=8, iterations=2, elites=3, replan_every=2)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that trained for a moment: too short for the gate."""
    folder = tmp_path_factory.mktemp("world") / "model"
    train_model(small_source(), TrainingBudget(steps=6), 3, config=SMALL, out=folder, gate=False)
    return folder


@pytest.fixture(scope="module")
def frames() -> tuple[Frames, Frames]:
    """Observations and goals of five held-out episodes."""
    starts, goals = WORLD.start(range(HELD_OUT, HELD_OUT + 5))
    return WORLD.draw(starts), WORLD.draw(goals)


def _untrained(**changed: Any) -> WorldModel:
    torch.manual_seed(1)
    learner = make_learner("jepa", SMALL | changed, 2)
    return WorldModel(learner, Card(kind="jepa", config={}, action_size=2, action_limit=4.0))


def test_a_saved_model_comes_back_with_its_record(saved: Path, frames: tuple[Frames, Frames]) -> None:
    model = WorldModel.load(saved)
    trained = model.card.trained
    assert trained is not None
    assert (trained.seed, trained.steps, trained.frames) == (3, 6, 6 * 8 * 4)
    assert trained.source["world"] == model.card.world == "two-room-fixed"
    assert model.action_scale == 2
    assert model.health is not None
    assert trained.collapsed == model.health.faults != []
    assert sorted(path.name for path in saved.iterdir()) == ["model.safetensors", "train.csv", "world.json"]
    model.save(saved.parent / "copy")
    again = WorldModel.load(saved.parent / "copy")
    np.testing.assert_array_equal(again.encode(frames[0]), model.encode(frames[0]))
    assert again.card == model.card


def test_answers_do_not_depend_on_how_many_are_asked_at_once(
    frames: tuple[Frames, Frames], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, actions = _untrained(), np.random.default_rng(0).normal(size=(5, 4, 3, 2)).astype(np.float32)
    clips = np.stack(frames, 1)

    def answers() -> list[Any]:
        states = model.rollout(frames[0], actions)
        return [states, model.distance(states, frames[1]), model.surprise(clips), model.features(clips)]

    whole = answers()
    monkeypatch.setattr(Learner, "frames_at_once", 2)
    monkeypatch.setattr(module, "_STATES_AT_ONCE", 13)
    for one, other in zip(whole, answers(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert [answer.shape for answer in whole] == [(5, 4, 3, 16), (5, 4, 3), (5, 1), (5, 2, 16)]


def test_prediction_takes_pixels_and_the_learner_half_limits(frames: tuple[Frames, Frames]) -> None:
    model = _untrained()
    actions = np.array([[[4.0, -2.0]]] * 5, dtype=np.float32)
    with torch.no_grad():
        told = model.learner.imagine(torch.from_numpy(frames[0][:, None]), torch.from_numpy(actions[:, None] / 2))
    np.testing.assert_allclose(model.predict(frames[0], actions), told[:, 0].numpy(), atol=1e-6)


def test_a_plan_depends_on_its_seed_alone(frames: tuple[Frames, Frames]) -> None:
    model = _untrained()
    plans = model.plan(*frames, PLANNER, seeds=[5, 6, 7, 8, 9])
    assert plans.shape == (5, 6, 2)
    assert float(np.linalg.norm(plans, axis=-1).max()) <= 4 + 1e-4
    alone = model.plan(frames[0][2:3], frames[1][2:3], PLANNER, seeds=[7])
    np.testing.assert_allclose(alone[0], plans[2], atol=1e-5)


def test_reasoning_compares_where_courses_lead(frames: tuple[Frames, Frames]) -> None:
    model = _untrained()
    courses = {"left": np.full((3, 2), -2, np.float32), "right": np.full((3, 2), 2, np.float32)}
    found = model.reason(frames[0][0], courses, frames[1][0])
    assert found.nearest == ("left" if found.costs[0] <= found.costs[1] else "right")
    assert found.distances.shape == (2, 3)
    nothing = model.reason_without(frames[0][0], courses["left"], range(3), frames[1][0])
    still = model.reason(frames[0][0], {"still": np.zeros((3, 2), np.float32)}, frames[1][0])
    assert nothing.with_them == pytest.approx(float(found.costs[0]), rel=1e-5)
    assert nothing.without_them == pytest.approx(float(still.costs[0]), rel=1e-5)
    with pytest.raises(InputError, match=r"equally many steps.*left \(3, 2\), right \(3, 2\), stay \(1, 2\)"):
        model.reason(frames[0][0], courses | {"stay": np.zeros((1, 2), np.float32)}, frames[1][0])


def test_what_is_remembered_is_saved_with_the_model(saved: Path, frames: tuple[Frames, Frames], tmp_path: Path) -> None:
    model = WorldModel.load(saved)
    model.remember(frames[0], [f"episode {number}" for number in range(5)])
    model.save(tmp_path)
    found = WorldModel.load(tmp_path).recall(frames[0][[3]], count=2)
    assert found.keys[0][0] == "episode 3"
    assert float(found.distances[0, 0]) == pytest.approx(0, abs=1e-5)


def test_a_folder_in_use_is_not_written_over(saved: Path) -> None:
    before = (saved / "world.json").read_bytes()
    for resume in (False, True):
        with pytest.raises(InputError, match="already holds a trained model"):
            train_model(small_source(), TrainingBudget(steps=1), 0, out=saved, resume=resume)
    assert (saved / "world.json").read_bytes() == before


def test_actions_and_frames_of_another_shape_are_refused(frames: tuple[Frames, Frames]) -> None:
    model = _untrained()
    with pytest.raises(InputError, match=r"shape \(5, 1, 2, 3\); jepa expects \(B, N, K, 2\)"):
        model.rollout(frames[0], np.zeros((5, 1, 2, 3), np.float32))
    with pytest.raises(InputError, match=r"expects \(5, 1, 2\) with these clips"):
        model.surprise(np.stack(frames, 1), np.zeros((5, 2, 2), np.float32))
    with pytest.raises(InputError, match="uint8 pictures"):
        model.encode(frames[0].astype(np.float32))
    actions = np.zeros((5, 1, 2, 2), np.float32)
    for observations, told, said in (
        (frames[0][:0], actions[:0], r"shape \(0, 1, 2, 2\)"),
        (frames[0], actions[:, :0], r"shape \(5, 0, 2, 2\)"),
        (frames[0][:4], actions, "actions .* are for 5 observations"),
        (frames[0][:, ::2, ::2], actions, "pictures of 32 × 32 pixels, and jepa sees 64 × 64"),
        (frames[0], actions * np.float32("nan"), "not finite numbers"),
    ):
        with pytest.raises(InputError, match=said):
            model.rollout(observations, told)
    with pytest.raises(InputError, match="not finite numbers"):
        model.surprise(np.stack(frames, 1), np.full((5, 1, 2), np.inf, np.float32))
    for empty in (frames[0][:0], frames[0][:, :0]):
        with pytest.raises(InputError, match="are empty"):
            model.encode(empty)
    watcher = WorldModel(make_learner("jepa", SMALL, 0), Card(kind="jepa", config={}, action_size=0))
    with pytest.raises(MissingDependency, match="plain video"):
        watcher.rollout(frames[0], np.zeros((5, 1, 2, 2), np.float32))
    with pytest.raises(InputError, match="configured for 3 numbers an action, and the source has 2"):
        train_model(small_source(), TrainingBudget(steps=1), 0, config={"action_size": 3})


def _edit(folder: Path, **changed: Any) -> None:
    card = json.loads((folder / "world.json").read_text())
    (folder / "world.json").write_text(json.dumps(card | changed))


def _tensors(folder: Path, change: Any) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: shutil.rmtree(f), "broken: there is no such folder"),
        (lambda f: (f / "world.json").unlink(), "broken: holds no world.json"),
        (lambda f: (f / "world.json").rename(f / "resume.safetensors"), "broken: its training is unfinished"),
        (lambda f: (f / "world.json").write_text("{"), "world.json: does not describe a world model"),
        (lambda f: _edit(f, format="steelyard-world/9"), "world.json: is of the format 'steelyard-world/9'"),
        (lambda f: _edit(f, kind="oracle"), "world.json: no kind of world model is called 'oracle'"),
        (lambda f: _edit(f, action_size=3), "world.json: says 3 numbers an action, and its config 2"),
        (lambda f: _edit(f, action_limit=0.0), "world.json: says 2 numbers an action and a limit of 0"),
        (lambda f: _edit(f, config=SMALL | {"latent": 17}), "model.safetensors: encoder.head.3.weight has the shape"),
        (lambda f: (f / "model.safetensors").unlink(), "model.safetensors: there is no such file"),
        (lambda f: (f / "model.safetensors").write_bytes(b"x" * 99), "not a whole safetensors file"),
        (lambda f: _tensors(f, lambda t: t.pop("encoder.head.0.bias")), "lacks tensor encoder.head.0.bias"),
        (lambda f: _tensors(f, lambda t: t["encoder.head.0.bias"].add_(1e-3)), "the tensors are not those that were"),
    ],
)
def test_a_folder_that_is_not_as_it_was_saved_is_refused(saved: Path, tmp_path: Path, spoil: Any, said: str) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(saved, folder)
    spoil(folder)
    with pytest.raises(InputError) as caught:
        WorldModel.load(folder)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_kind_that_cannot_collapse_is_not_checked(tmp_path: Path) -> None:
    model = train_model(small_source(), TrainingBudget(steps=5), 0, kind="copy-last", out=tmp_path / "copy")
    assert model.health is None
    assert WorldModel.load(tmp_path / "copy").card == model.card
    assert msgspec.json.decode((tmp_path / "copy" / "world.json").read_bytes())["kind"] == "copy-last"
