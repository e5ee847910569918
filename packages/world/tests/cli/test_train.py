"""``steelyard world train``: from a word to a folder; bad input is one line and exit code 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.world.tests.small_worlds import SMALL
from steelyard.cli import execute

QUICK = ("--steps", "5", "--batch", "8", "--length", "4")


def test_a_world_by_name_trains_and_says_where_it_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model"
    assert execute(["world", "train", "two-room-fixed", "--model", "copy-last", "--out", str(out), *QUICK]) == 0
    printed = " ".join(capfd.readouterr().out.split())
    assert printed.startswith("trained copy-last for 5 steps, 160 frames,")
    assert json.loads((out / "world.json").read_text())["trained"]["budget"]["steps"] == 5


def test_a_collapsed_training_exits_with_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = json.dumps(SMALL | {"anti_collapse_weight": 0.0, "inverse_weight": 0.0})
    options = ["--steps", "40", "--batch", "8", "--length", "4", "--learning-rate", "0.01", "--config", config]
    assert execute(["world", "train", "two-room", "--model", "jepa", "--out", str(tmp_path / "model"), *options]) == 1
    assert (tmp_path / "model" / "world.json").is_file()
    assert capfd.readouterr().err.splitlines()[-1].startswith("steelyard: the model collapsed (")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([__file__], "give a budget: --steps, --frames or --cpu-seconds"),
        (["{tmp}"], "no video in this folder"),
        (["two-rom"], "a world's name would be one of"),
        (["tworoom", "--steps", "1"], "a world's name would be one of point-maze, push, two-room"),
        (["{tmp}", "--steps", "1"], "no video in this folder"),
        (["{tmp}/none.csv", "--steps", "1"], "no such folder, file or list of videos"),
        (["two-room", "--steps", "1", "--model", "gpt"], "no kind of world model is called 'gpt'"),
        (["two-room", "--steps", "1", "--model", "jepa", "--size", "vit-l"], "--size is for vjepa"),
        (["two-room", "--steps", "1", "--config", "{latent}"], "--config is not a JSON object"),
        (["two-room", "--model", "jepa", "--steps", "1", "--config", '{"latent": -1.5}'], "at `$.latent`"),
        (["two-room", "--steps", "1", "--pool", "0"], "'--pool'"),
        (["two-room", "--steps", "1", "--pool", "10000001"], "'--pool'"),
        (["two-room", "--steps", "1", "--batch", "65537"], "'--batch'"),
        (["two-room", "--steps", "1", "--length", "100001"], "'--length'"),
        (["{tmp}", "--steps", "1", "--pool", "3"], "a pool applies to a world or the scenes"),
        (["two-room", "--cpu-seconds", "nan"], "'--cpu-seconds'"),
        (["two-room", "--cpu-seconds", "inf"], "'--cpu-seconds'"),
        (["two-room", "--steps", "1", "--learning-rate", "nan"], "'--learning-rate'"),
        (["two-room", "--steps", "1", "--learning-rate", "1e30"], "'--learning-rate'"),
        (["two-room", "--model", "jepa", "--steps", "1", "--config", '{"latent": 0}'], "at `$.latent`"),
        (["two-room", "--model", "jepa", "--steps", "1", "--config", '{"hidden": 1000000000}'], "at `$.hidden`"),
        (["two-room", "--model", "rssm", "--steps", "1", "--config", '{"hidden": -3}'], "kind rssm"),
        (["two-room", "--model", "pixel", "--steps", "1", "--config", '{"latent": 1000000000}'], "kind pixel"),
        (["two-room", "--model", "vq-gpt", "--steps", "1", "--config", '{"width": 0}'], "kind vq-gpt"),
        (["two-room", "--model", "vjepa", "--steps", "1", "--config", '{"patch": 0}'], "kind vjepa"),
        (["{tmp}", "--steps", "1", "--config", '{"side": "x"}'], "at `$.side`"),
        (["{tmp}", "--steps", "1", "--config", '{"frames": "x"}'], "at `$.frames`"),
        (
            ["two-room", "--model", "jepa", "--steps", "1", "--batch", "1", "--config", '{"anti_collapse": "vicreg"}'],
            "VICReg compares two latents of two numbers or more, not 1 of 64",
        ),
        (["scenes", "--steps", "1", "--length", "8"], "scenes: clips are 24 frames long, not 8"),
        (["scenes", "--steps", "1", "--stride", "4"], "scenes: a stride and workers apply to videos"),
        (["push", "--steps", "1", "--stride", "2"], "push: a stride and workers apply to videos"),
        (["push", "--steps", "1", "--workers", "0"], "push: a stride and workers apply to videos"),
        (["two-room", "--steps", "1", "--resume"], "nothing to resume: no training was stopped here"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    filled = [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]
    assert execute(["world", "train", *filled, "--out", str(tmp_path / "model")]) == 2
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
