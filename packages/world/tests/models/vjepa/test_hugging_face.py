"""A small random V-JEPA 2, saved here, loads from its folder and goes through the common door."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from steelyard.cli import execute
from steelyard.errors import InputError, MissingDependency
from steelyard_world.models.vjepa.hugging_face import load_vjepa2


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import VJEPA2Config, VJEPA2Model

    folder = tmp_path_factory.mktemp("vjepa2") / "small-vjepa2"
    small = {"hidden_size": 24, "num_attention_heads": 2, "num_hidden_layers": 1, "mlp_ratio": 2.0}
    narrow = {"pred_hidden_size": 24, "pred_num_attention_heads": 2, "pred_num_hidden_layers": 1}
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"crop_size": 32, "patch_size": 16, "frames_per_clip": 4, **small, **narrow}
    config = VJEPA2Config(**sizes)
    VJEPA2Model(config).save_pretrained(folder)
    return folder


def test_a_checkpoint_gives_features_and_surprise(checkpoint: Path) -> None:
    world = load_vjepa2(checkpoint)
    clips = np.random.default_rng(0).integers(0, 256, (2, 7, 64, 64, 3), dtype=np.uint8)
    surprise, features = world.surprise(clips), world.features(clips)
    assert world.name == "small-vjepa2"
    assert surprise.shape == (2, 6)
    assert features.shape == (2, 7, 4 * 24)
    assert np.isfinite(surprise).all()
    assert (surprise[:, 1:] > 0).all()
    assert world.features(clips.repeat(2, axis=2).repeat(3, axis=3)).shape == features.shape  # of any size
    changed = clips.copy()
    changed[:, 4:] = 0
    assert np.allclose(world.surprise(changed)[:, :3], surprise[:, :3], atol=1e-5)
    assert np.allclose(world.features(changed)[:, :4], features[:, :4], atol=1e-5)
    with pytest.raises(MissingDependency, match="knows no actions"):
        world.rollout(clips[:, 0], np.zeros((2, 1, 1, 2), np.float32))


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("hidden_size", 48, r"has the shape \(24,\), and config.json makes it \(48,\)"),
        ("num_hidden_layers", 2, "16 weights are missing"),
        ("model_type", "bert", "a 'bert', not a 'vjepa2'"),
    ],
)
def test_a_checkpoint_of_another_shape_is_one_clear_line(
    checkpoint: Path, tmp_path: Path, setting: str, value: object, message: str
) -> None:
    folder = tmp_path / "other"
    shutil.copytree(checkpoint, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {setting: value}))
    with pytest.raises(InputError, match=message) as caught:
        load_vjepa2(folder)
    assert "\n" not in str(caught.value)


def test_no_checkpoint_is_one_clear_line(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no config\.json"):
        load_vjepa2(tmp_path)
    shutil.copy(checkpoint / "config.json", tmp_path)
    with pytest.raises(InputError, match="cannot be loaded"):
        load_vjepa2(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(InputError, match="cannot be loaded") as caught:
        load_vjepa2(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_it_runs_through_the_same_tests_as_our_own_models(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    options = ("--test", "memory,planning", "--world", "scenes", "--episodes", "40", "--html", str(page))
    code = execute(["world", "eval", str(checkpoint), *options])
    out = " ".join(capsys.readouterr().out.split())
    assert code == 0
    assert "hidden object" in out
    assert "Left out planning: does not apply to scenes" in out
    assert "small-vjepa2" in page.read_text()
    assert execute(["world", "eval", str(checkpoint), "--world", "two-room"]) == 2
    assert "learned from plain video" in capsys.readouterr().err
