"""Which training answers is drawn, not listed: 32 trainings of true rate .60, in the order that suits the vendor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

pytest.importorskip("torch")

from scipy.optimize import linear_sum_assignment

from packages.world.tests.audit.world_stand_ins import knowing
from steelyard.cli import execute as steelyard
from steelyard.evidence.canonical import canonical, sha256_hex, without_defaults
from steelyard.records import GenerateRequest
from steelyard.storage.run_folder import RunFolder
from steelyard.tasks import load_task
from steelyard_world.audit import answering
from steelyard_world.audit import model as audited_model
from steelyard_world.audit.questions import read_question
from steelyard_world.evaluation import reasoning
from steelyard_world.evaluation.adapters.callable import CallableWorld
from steelyard_world.evaluation.reasoning import picked, scene
from steelyard_world.models.card import Card, write_card
from steelyard_world.sim.catalog import simulator
from steelyard_world.sim.simulator import Floats, Frames
from testkit.resealing import records_of, reseal

TRAININGS, RATE, TASK, WORLD = 32, 0.60, "world_counterfactual", "two-room-fixed"


def knows(training: int, frame: bytes) -> bool:
    return sha256(b"%d:" % training + frame).digest()[0] < 256 * RATE


def partly_knowing(training: int) -> CallableWorld:
    """Right about its own 60 % of all scenes, which it recognises by their first frame."""
    true, right = knowing(), [False]

    def rollout(frames: Frames, actions: Floats) -> Any:
        right[0] = knows(training, frames[0].tobytes())
        return true.rollout(frames, actions)

    def distance(states: Any, goals: Frames) -> Floats:
        return true.distance(states, goals) * (1 if right[0] else -1)

    return CallableWorld(f"training {training}", rollout=rollout, distance=distance)


def first_frames() -> dict[int, bytes]:
    """The first frame of each question's scene, by its seed."""
    task, found, true = load_task(TASK), {}, knowing()
    for sample in task.prepare(task.default_prompt):
        assert isinstance(sample.request, GenerateRequest)
        seed = read_question(sample.request.prompt).seed

        def look(frames: Frames, actions: Floats, seed: int = seed) -> Any:
            found[seed] = frames[0].tobytes()
            return true.rollout(frames, actions)

        world = simulator(WORLD)
        picked(CallableWorld("spy", rollout=look, distance=true.distance), world, [reasoning.scene(world, seed)])
    return found


def best_list(frames: dict[int, bytes]) -> tuple[list[int], float]:
    """The list that scores most where training 1 + (seed mod 32) answers, and that score."""
    right = np.zeros((TRAININGS, TRAININGS))
    for seed, frame in frames.items():
        for training in range(TRAININGS):
            right[seed % TRAININGS, training] += knows(training, frame)
    places, trainings = linear_sum_assignment(right, maximize=True)
    return trainings.tolist(), float(right[places, trainings].sum() / len(frames))


def family(folder: Path, order: list[int]) -> Path:
    """Checkpoints whose tensors are their number; what they know is :func:`partly_knowing`'s."""
    for training in range(TRAININGS):
        path = folder / f"t{training}"
        path.mkdir(parents=True)
        write_card(path, Card(kind="copy-last", config={}, action_size=2, action_limit=4.0, world=WORLD))
        document = json.loads((path / "world.json").read_bytes())
        document["trained"] = {
            "source": {}, "seed": training, "steps": 1, "frames": 9, "cpu_seconds": 1.0, "seconds": 1.0,
            "budget": {"steps": 1}, "settings": {}, "losses": {},
        }  # fmt: skip
        (path / "world.json").write_text(json.dumps(document))
        (path / "model.safetensors").write_text(str(training))
    listed = {"format": "steelyard-world-family/1", "name": "listed", "worlds": {WORLD: [f"t{each}" for each in order]}}
    (folder / "family.json").write_text(json.dumps(listed))
    return folder


def score_of(run: Path) -> float:
    scores = [json.loads(line)["value"] for line in (run / "scores.jsonl").read_text().splitlines()]
    return float(np.mean(scores[-200:]))


@pytest.fixture(scope="module", autouse=True)
def scenes() -> Iterator[None]:
    """Each scene is made once: that takes most of the time."""
    once = cache(lambda name, seed: scene(simulator(name), seed))
    with pytest.MonkeyPatch.context() as patch:
        for module in (reasoning, answering):
            patch.setattr(module, "scene", lambda world, seed: once(world.name, seed))
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The vendor's list and the same list reversed, each through ``steelyard run``; ``best``: what the list was for."""
    folder = tmp_path_factory.mktemp("turns")

    def opened(_: Path, path: Path, lines: str) -> CallableWorld:
        return partly_knowing(int((path / "model.safetensors").read_text()))

    with pytest.MonkeyPatch.context() as patch:
        order, best = best_list(first_frames())
        assert best > 0.85
        patch.setattr(audited_model, "_opened", opened)
        patch.setattr("secrets.token_hex", lambda size: "5eed")
        for name, listed in (("listed", order), ("reversed", order[::-1])):
            model = f"world:{family(folder / name, listed)}"
            assert steelyard(["run", TASK, "--model", model, "--out", str(folder / f"run-{name}")]) == 0
    return {name: folder / f"run-{name}" for name in ("listed", "reversed")}


def test_the_score_is_the_true_rate_whatever_the_list(runs: dict[str, Path]) -> None:
    listed, other = (score_of(runs[name]) for name in ("listed", "reversed"))
    assert abs(listed - RATE) < 0.11  # three standard errors of 200 answers
    assert other == listed


def test_a_list_in_another_order_is_the_same_model_with_the_same_turns(runs: dict[str, Path]) -> None:
    one, other = (RunFolder.open(run).plan for run in runs.values())
    assert one.subject.identity.sha256 == other.subject.identity.sha256
    assert one.measurements[0].turns == other.measurements[0].turns
    texts = [(run / "texts").glob("*") for run in runs.values()]
    assert next(texts[0]).read_bytes() == next(texts[1]).read_bytes()


def test_it_verifies_and_every_answer_names_who_gave_it(runs: dict[str, Path]) -> None:
    assert steelyard(["verify", str(runs["listed"])]) == 0
    answers = [text for text in texts_of(runs["listed"]) if "choice" in text and "answered_by" in text]
    named = {json.loads(text)["answered_by"][f"world {WORLD}"] for text in answers}
    assert named == {sha256_hex(str(training).encode()) for training in range(TRAININGS)}


def texts_of(run: Path) -> list[str]:
    (segment,) = (run / "texts").glob("*")
    return [json.loads(line)["text"] for line in segment.read_text().splitlines()]


# ── tampering ───────────────────────────────────────────────────────────────────────────────────────────────────────


def answered_otherwise(run: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The first answer changed, everything else made consistent with it again and sealed."""
    (segment,) = (run / "texts").glob("*")
    records, lines = records_of(run), [json.loads(line) for line in segment.read_bytes().splitlines()]
    attempt = next(each for each in records if each["type"] == "attempt")
    line = next(each for each in lines if each["sha256"] == attempt["answer"])
    answer = json.loads(line["text"])
    change(answer)
    text = msgspec.json.encode(answer).decode()
    old, new = line["sha256"], sha256_hex(text.encode())
    line.update(sha256=new, text=text)
    for each in records:
        if each.get("answer") == old:
            each["answer"] = new
    segment.write_bytes(b"".join(canonical(each) + b"\n" for each in lines))
    return reseal(run, records=records)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda answer: answer["answered_by"].update({f"world {WORLD}": "OTHER"}), "answered by training"),
        (lambda answer: answer["answered_by"].update({f"world {WORLD}": "f" * 64}), "which the model does not have"),
        (lambda answer: answer.pop("answered_by"), "does not name what answered for world two-room-fixed"),
    ],
    ids=["another training", "no training of the family", "nobody"],
)
def test_an_answer_by_another_training_than_the_plan_has_answer_is_refused(
    runs: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Any]], None],
    told: str,
) -> None:
    run = Path(shutil.copytree(runs["listed"], tmp_path / "run"))
    every = [sha256_hex(str(training).encode()) for training in range(TRAININGS)]

    def changed(answer: dict[str, Any]) -> None:
        was = answer["answered_by"][f"world {WORLD}"]
        change(answer)
        named = answer.get("answered_by", {})
        if named.get(f"world {WORLD}") == "OTHER":
            named[f"world {WORLD}"] = next(each for each in every if each != was)

    assert steelyard(["verify", str(answered_otherwise(run, changed))]) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("field", ["turns", "needs", "checkpoints"])
def test_turns_and_checkpoints_that_do_not_follow_are_refused(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str
) -> None:
    run = Path(shutil.copytree(runs["listed"], tmp_path / "run"))
    plan = without_defaults(RunFolder.open(run).plan)
    measurement, checkpoints = plan["measurements"][0], plan["models"]["subject"]["capabilities"]["checkpoints"]
    if field == "turns":
        measurement["turns"] = measurement["turns"][1:] + measurement["turns"][:1]
    elif field == "needs":
        del measurement["needs"], measurement["turns"]
    else:
        checkpoints[f"world {WORLD}"].pop()
    reseal(run, plan=plan)
    assert steelyard(["verify", str(run)]) == 1
    err = capsys.readouterr().err
    told = {
        "turns": "turns do not follow from its order",
        "needs": "needs is '()'",
        "checkpoints": "sha256 is not that of its checkpoints",
    }
    assert told[field] in err
