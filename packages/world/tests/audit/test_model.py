"""``world:PATH``: one checkpoint or a family, named by its tensors, asked as a language model is asked."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("torch")

from packages.world.tests.audit.world_stand_ins import audited, ignorant, knowing, weights_of
from steelyard.cli import execute as steelyard
from steelyard.errors import InputError
from steelyard.models import open_model
from steelyard.records import Capabilities, GenerateRequest, ModelIdentity, ModelOutput, Outcome
from steelyard_world.audit.answering import Answering
from steelyard_world.audit.family import read_family
from steelyard_world.audit.questions import PlayHeadToHead
from steelyard_world.evaluation.adapters.callable import CallableWorld
from steelyard_world.models.baselines.sizes import like_jepa
from steelyard_world.models.card import Card, read_card, write_card
from steelyard_world.models.kinds import make_learner
from steelyard_world.models.model import WorldModel
from steelyard_world.sim.catalog import HELD_OUT


def saved(
    folder: Path, world: str = "two-room-fixed", frames: int | None = None, kind: str = "jepa", **trained: object
) -> Path:
    """A checkpoint of random weights that says how many frames it saw."""
    import torch

    torch.manual_seed(int(str(trained.pop("weights", trained.get("seed", 0)))))
    learner = make_learner(kind, like_jepa(kind, 2))
    card = Card(kind=kind, config=msgspec.to_builtins(learner.config), action_size=2, action_limit=4.0, world=world)
    WorldModel(learner, card).save(folder)
    if frames is not None:
        document = json.loads((folder / "world.json").read_bytes())
        document["trained"] = {
            "source": {}, "seed": 0, "steps": 1, "frames": frames, "cpu_seconds": 1.0, "seconds": 1.0,
            "budget": {"steps": 1}, "settings": {}, "losses": {}, **trained,
        }  # fmt: skip
        (folder / "world.json").write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("world") / "mine")


def identified(folder: Path) -> tuple[ModelIdentity, Capabilities]:
    async def go() -> tuple[ModelIdentity, Capabilities]:
        model = open_model(f"world:{folder}")
        try:
            return await model.identify()
        finally:
            await model.close()

    return asyncio.run(go())


def test_identity_is_the_digest_of_the_network_and_of_what_it_is_for(checkpoint: Path) -> None:
    identity, capabilities = identified(checkpoint)
    weights = hashlib.sha256((checkpoint / "model.safetensors").read_bytes()).hexdigest()
    (network,) = capabilities.checkpoints["world two-room-fixed"]
    assert (network.sha256, network.kind) == (weights, "jepa")
    assert network.parameters == 839_090
    line = f"{weights}  {network.config}  world two-room-fixed\n"
    assert identity.sha256 == hashlib.sha256(line.encode()).hexdigest()
    assert (identity.uri, identity.name, identity.details["trained in"]) == ("world:mine", "mine", "two-room-fixed")
    assert json.loads(identity.details["planner two-room-fixed"])["planner"] == "cem"
    assert capabilities.offers == ("world two-room-fixed",)
    assert capabilities.deterministic


def test_the_same_question_has_the_same_answer_and_another_kind_of_question_none(checkpoint: Path) -> None:
    async def go() -> list[ModelOutput]:
        model = open_model(f"world:{checkpoint}")
        choose = json.dumps({"ask": "choose outcome", "seed": HELD_OUT, "world": "two-room-fixed"})
        asked = [
            choose,
            choose,
            "What is 2 + 2?",
            '{"ask":"reach goal","seed":1,"world":"push"}',
            '{"ask":"reward","seed":1}',
        ]
        answers = [await model.generate(GenerateRequest(prompt=prompt)) for prompt in asked]
        await model.close()
        await model.close()
        return answers

    first, again, language, other, unknown = asyncio.run(go())
    assert first.outcome is Outcome.OK
    assert first.text == again.text
    assert set(json.loads(first.text)) == {"choice", "answered_by"}
    assert language.outcome is unknown.outcome is other.outcome is Outcome.CLIENT_ERROR
    assert language.detail == unknown.detail == "a world model answers only questions about worlds"
    assert other.detail == "this needs world push; the world model has world two-room-fixed"


def test_a_network_that_fails_costs_its_sample_the_answer(checkpoint: Path) -> None:
    async def go() -> ModelOutput:
        model = audited(**{"world two-room-fixed": CallableWorld("broken", rollout=lambda frames, actions: 1 / 0)})
        prompt = json.dumps({"ask": "reach goal", "seed": HELD_OUT, "world": "two-room-fixed"})
        answer = await model.generate(GenerateRequest(prompt=prompt))
        await model.close()
        return answer

    answer = asyncio.run(go())
    assert answer.outcome is Outcome.SERVER_ERROR
    assert answer.detail == "ZeroDivisionError: division by zero"


# ── families ────────────────────────────────────────────────────────────────────────────────────────────────────────


def family(folder: Path, ours: int | None, rival: int | None, **changes: object) -> Path:
    for name, frames, kind in (("all", 1000, "jepa"), ("few", ours, "jepa"), ("few-pixel", rival, "pixel")):
        saved(folder / name, frames=frames, kind=kind)
    document = {
        "format": "steelyard-world-family/1",
        "name": "a family",
        "worlds": {"two-room-fixed": "all"},
        "few_frames": {"two-room-fixed": {"ours": "few", "rivals": {"pixel": "few-pixel"}}},
    }
    (folder / "family.json").write_text(json.dumps(document | changes))
    return folder


def test_a_family_offers_every_member_and_states_what_each_saw(tmp_path: Path) -> None:
    identity, capabilities = identified(family(tmp_path / "family", 100, 400))
    assert capabilities.offers == (
        "few frames two-room-fixed",
        "few frames two-room-fixed by pixel",
        "world two-room-fixed",
    )
    assert identity.name == "a family"
    assert identity.details["different frames few frames two-room-fixed"] == "100"
    assert identity.details["different frames few frames two-room-fixed by pixel"] == "400"
    before = identity.sha256
    card = read_card(tmp_path / "family" / "few")
    write_card(tmp_path / "family" / "few", msgspec.structs.replace(card, action_limit=4.5))
    assert identified(tmp_path / "family")[0].sha256 != before


def several(folder: Path, **trainings: list[str]) -> Path:
    for names in trainings.values():
        for seed, name in enumerate(names):
            saved(folder / name, frames=100, kind="pixel" if "pixel" in name else "jepa", seed=seed)
    few = {"ours": trainings["few"], "rivals": {"pixel": trainings["pixels"]}}
    return family(folder, 100, 400, worlds={"two-room-fixed": trainings["rooms"]}, few_frames={"two-room-fixed": few})


def test_trainings_are_in_the_order_of_their_weights_however_they_are_listed_and_called(tmp_path: Path) -> None:
    folder = several(tmp_path / "f", rooms=["a", "b", "c"], few=["d", "e"], pixels=["pixel-1", "pixel-2"])
    found = read_family(folder)
    assert {role: len(members) for role, members in found.members.items()} == {
        "world two-room-fixed": 3,
        "few frames two-room-fixed": 2,
        "few frames two-room-fixed by pixel": 2,
    }
    weights = [each.sha256 for each in found.checkpoints["world two-room-fixed"]]
    assert weights == sorted(weights)
    document = json.loads((folder / "family.json").read_text())
    (folder / "c").rename(folder / "another name")
    document["worlds"]["two-room-fixed"] = ["another name", "b", "a"]
    (folder / "family.json").write_text(json.dumps(document | {"name": "renamed"}))
    again = read_family(folder)
    assert (again.checkpoints, again.sha256) == (found.checkpoints, found.sha256)


@pytest.mark.parametrize(
    ("rooms", "pixels", "told"),
    [
        (["a", "a"], ["pixel-1", "pixel-2"], "world two-room-fixed: give one path, or a list"),
        ([], ["pixel-1", "pixel-2"], "world two-room-fixed: give one path, or a list"),
        (["a"], ["pixel-1"], "pixel: it has 1 trainings and ours 2"),
        (["a"], ["jepa-1", "jepa-2"], "pixel: its checkpoint is of kind jepa"),
    ],
)
def test_trainings_that_do_not_fit_together_are_refused(
    tmp_path: Path, rooms: list[str], pixels: list[str], told: str
) -> None:
    folder = several(tmp_path / "f", rooms=rooms, few=["d", "e"], pixels=pixels)
    with pytest.raises(InputError, match=told):
        read_family(folder)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": 0}, "two of its trainings have the same seed"),
        ({"frames": None}, "or none is stated"),
        ({"seed": 1, "kind": "rssm"}, "differ in kind, world or config"),
        ({"seed": 1, "world": "two-room"}, "differ in kind, world or config"),
        ({"seed": 1, "weights": 0}, "two of its trainings have the same weights"),
    ],
)
def test_models_that_differ_by_more_than_a_seed_are_no_trainings_of_one(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    folder = several(tmp_path / "f", rooms=["a", "b"], few=["d", "e"], pixels=["pixel-1", "pixel-2"])
    read_family(folder)
    told_of: dict[str, Any] = {"frames": 100} | changed
    saved(folder / "b", **told_of)
    with pytest.raises(InputError, match=f"world two-room-fixed: .*{told}"):
        read_family(folder)


def test_the_request_names_the_training_that_answers_and_the_answer_says_who_did() -> None:
    role = "world two-room-fixed"

    async def go() -> list[ModelOutput]:
        broken = CallableWorld("broken", rollout=lambda frames, actions: 1 / 0)
        model = audited(**{role: [knowing(), broken]})
        prompt = json.dumps({"ask": "reach goal", "seed": HELD_OUT, "world": "two-room-fixed"})
        named = [(weights_of(role, 0),), (weights_of(role, 1),), (), ("f" * 64,)]
        answers = [await model.generate(GenerateRequest(prompt=prompt, checkpoints=each)) for each in named]
        await model.close()
        return answers

    good, broken, nobody, unknown = asyncio.run(go())
    assert json.loads(good.text)["answered_by"] == {role: weights_of(role, 0)}
    assert broken.outcome is Outcome.SERVER_ERROR
    assert nobody.outcome is unknown.outcome is Outcome.CLIENT_ERROR
    assert nobody.detail == "2 trainings have world two-room-fixed, and the request names none of them to answer"


def test_a_rival_that_saw_less_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"family\.json: few_frames two-room-fixed: pixel: ours saw 100 different .* 99: a rival"
    ):
        identified(family(tmp_path / "less", 100, 99))
    with pytest.raises(InputError, match="pixel an unstated number of"):
        identified(family(tmp_path / "untold", 100, None))


@pytest.mark.parametrize(
    ("rival", "changed", "told"),
    [
        ("pixel", {"kind": "jepa"}, "its checkpoint is of kind jepa: name one of kind pixel"),
        ("best of all", {}, "not a kind of rival; choose one of pixel, vq-gpt, rssm"),
        ("pixel", {"world": "two-room"}, "ours was trained in two-room-fixed and this one in two-room"),
        ("pixel", {"cpu_seconds": 0.9}, "its training took 1 CPU-seconds and ours 1: give it as many"),
        ("pixel", {"collapsed": ["rank 1"]}, "it collapsed in training"),
    ],
)
def test_a_rival_is_what_it_is_called_and_was_given_as_much(
    tmp_path: Path, rival: str, changed: dict[str, Any], told: str
) -> None:
    folder = family(
        tmp_path / "f", 100, 400, few_frames={"two-room-fixed": {"ours": "few", "rivals": {rival: "few-pixel"}}}
    )
    told_of: dict[str, Any] = {"frames": 400, "kind": "pixel"} | changed
    saved(folder / "few-pixel", **told_of)
    with pytest.raises(InputError, match=f"few_frames two-room-fixed: {rival}: {told}"):
        read_family(folder)


def test_a_rival_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = family(tmp_path / "f", 100, 400)
    card = read_card(folder / "few-pixel")
    head = int(card.config["head"])
    write_card(folder / "few-pixel", msgspec.structs.replace(card, config=card.config | {"head": 2 * head}))
    with pytest.raises(InputError, match=r"trained parameters and ours .*: more than 5% apart"):
        read_family(folder)


def test_a_link_that_leads_out_of_a_family_is_refused(tmp_path: Path) -> None:
    folder = family(tmp_path / "f", 100, 400)
    (folder / "all").rename(tmp_path / "outside")
    (folder / "all").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="'all' is not a path inside the family's folder"):
        read_family(folder)


def test_a_checkpoint_with_other_tensors_is_one_line_before_anything_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = saved(tmp_path / "mine")
    card = read_card(folder)
    for changed, told in (({"sha256": "0" * 64}, "another SHA-256"), ({"kind": "oracle"}, "is called 'oracle'")):
        write_card(folder, msgspec.structs.replace(card, **changed))
        assert (
            steelyard(["run", "world_counterfactual", "--model", f"world:{folder}", "--out", str(tmp_path / "run")])
            == 2
        )
        assert told in capsys.readouterr().err


def test_a_checkpoint_that_is_changed_after_it_was_named_is_not_opened(tmp_path: Path) -> None:
    folder = saved(tmp_path / "mine")
    model = open_model(f"world:{folder}")
    write_card(folder, msgspec.structs.replace(read_card(folder), action_limit=4.5))
    with pytest.raises(InputError, match="was changed after it was identified"):
        asyncio.run(model.identify())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"format": "steelyard-world-family/2"},
            "its format is 'steelyard-world-family/2', not 'steelyard-world-family/1'",
        ),
        ({"worlds": {}}, "names no checkpoint"),
        ({"worlds": {"push": "../elsewhere"}}, "'../elsewhere' is not a path inside the family's folder"),
        ({"worlds": {"push": "/etc"}}, "'/etc' is not a path inside the family's folder"),
        ({"worlds": {"push": "a" * 9000}}, f"'{'a' * 80}…' is not a path inside the family's folder"),
        ({"worlds": {"push": "gone"}}, "there is no such folder"),
        ({"worlds": ["push"]}, "is not a family file: Expected `object`, got `array`"),
        ({"rivals": {}}, "unknown field `rivals`"),
    ],
)
def test_a_family_that_is_none_is_one_line(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    folder = tmp_path / "family"
    saved(folder / "all")
    document = {"format": "steelyard-world-family/1", "name": "x", "worlds": {"two-room-fixed": "all"}}
    (folder / "family.json").write_text(json.dumps(document | changes))
    with pytest.raises(InputError) as error:
        identified(folder)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_none_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path / "half")
    (tmp_path / "half" / "model.safetensors").unlink()
    (tmp_path / "empty").mkdir()
    for name, told in (
        ("nowhere", "there is no such folder: give the folder of a checkpoint or of a family"),
        ("empty", "holds no world.json"),
        ("half", "has no model.safetensors: finish the training"),
    ):
        assert steelyard(["run", "world_two_room", "--model", f"world:{tmp_path / name}"]) == 2
        assert told in capsys.readouterr().err


# ── the commands ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_run_verify_and_a_resume_after_a_kill(checkpoint: Path, tmp_path: Path) -> None:
    measure = ["run", "world_counterfactual", "--model", f"world:{checkpoint}", "--limit", "6"]
    assert steelyard([*measure, "--out", str(tmp_path / "whole")]) in (0, 3)
    assert steelyard(["verify", str(tmp_path / "whole")]) == 0
    stopped = tmp_path / "stopped"
    script = (
        "import os, sys\n"
        "from steelyard_world.audit import model as world\n"
        "asked = world.AuditedWorld._answered\n"
        "def answered(self, prompt, count=[0]):\n"
        "    count[0] += 1\n"
        "    if count[0] > 3: os._exit(9)\n"
        "    return asked(self, prompt)\n"
        "world.AuditedWorld._answered = answered\n"
        "from steelyard.cli import execute\n"
        "sys.exit(execute(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", script, *measure, "--out", str(stopped)]
    assert subprocess.run(command, capture_output=True, timeout=120).returncode == 9
    assert steelyard(["resume", str(stopped)]) in (0, 3)
    assert steelyard(["verify", str(stopped)]) == 0


def test_an_episode_that_several_questions_are_about_is_played_once_by_each_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from steelyard_world.audit import answering

    played: list[tuple[str, int]] = []

    def play(model: Any, world: Any, seed: int, settings: Any) -> list[Any]:
        played.append((model.name, seed))
        return [[0.0, float(seed)]]

    monkeypatch.setattr(answering, "play", play)
    members = {name: knowing() for name in ("few frames two-room-fixed", "few frames two-room-fixed by pixel")}
    members["few frames two-room-fixed by rssm"] = ignorant()
    questions = [
        PlayHeadToHead(world="two-room-fixed", seed=HELD_OUT + 1, rival="pixel", tie="ours"),
        PlayHeadToHead(world="two-room-fixed", seed=HELD_OUT + 1, rival="pixel", tie="rival"),
        PlayHeadToHead(world="two-room-fixed", seed=HELD_OUT + 1, rival="rssm", tie="ours"),
    ]

    def member(role: str) -> Answering:
        return Answering(members[role], role)

    played_as = [json.loads(answering.answer(question, member)) for question in questions]
    assert [each.pop("answered_by") for each in played_as[1:]] == [
        {name: name for name in ("few frames two-room-fixed", f"few frames two-room-fixed by {rival}")}
        for rival in ("pixel", "rssm")
    ]
    assert played_as[0]["ours"] == played_as[1]["ours"] == played_as[2]["ours"]
    assert sorted(played) == sorted([("true dynamics", HELD_OUT + 1)] * 2 + [("ignorant", HELD_OUT + 1)])
    answering.answer(questions[0], member)
    assert len(played) == 5  # a repeat of the same question is played again, by both
