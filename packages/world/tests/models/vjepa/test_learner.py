"""The learner's loss falls, its latents do not collapse, and it answers tests from the past alone."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import Generator, Tensor

from steelyard.errors import InputError, MissingDependency
from steelyard_world.data.batch import Batch
from steelyard_world.evaluation import memory, physics
from steelyard_world.models.card import Card
from steelyard_world.models.model import WorldModel
from steelyard_world.models.vjepa.config import SIZES, VJepaConfig, config_of_size
from steelyard_world.models.vjepa.encoder import Encoder, positions
from steelyard_world.models.vjepa.learner import VJepa
from steelyard_world.sim.catalog import HELD_OUT

SMALL = VJepaConfig(
    frames=4, side=32, width=24, depth=1, heads=2, predictor_width=12, predictor_depth=1, predictor_heads=1
)


def learner(config: VJepaConfig = SMALL, seed: int = 0) -> VJepa:
    torch.manual_seed(seed)
    return VJepa(config)


def sliding(clips: int, frames: int = 4, seed: int = 0) -> Tensor:
    """Clips of smooth colours that slide: uint8 (clips, frames, 32, 32, 3)."""
    random = np.random.default_rng(seed)
    place = np.linspace(0, 2 * np.pi, 32)
    waves = random.uniform(0.5, 3, (clips, 1, 1, 1, 3))
    shift = random.uniform(0, 6, (clips, 1, 1, 1, 3)) + random.uniform(-1, 1, (clips, 1, 1, 1, 3)) * np.arange(
        frames
    ).reshape(1, -1, 1, 1, 1)
    image = np.sin(waves * place[:, None, None] + shift) + np.cos(waves * place[None, :, None] - shift)
    return torch.from_numpy((127.5 + 60 * image).astype(np.uint8))


def rank(model: VJepa) -> float:
    """Effective rank of tokens, less the mean of each place."""
    with torch.no_grad():
        latents = model.tokens(sliding(32, seed=999))
    values = torch.linalg.svdvals((latents - latents.mean(dim=0)).flatten(0, 1)) ** 2
    shares = values / values.sum()
    return float(torch.exp(-(shares * shares.clamp(min=1e-12).log()).sum()))


def trained(steps: int, config: VJepaConfig = SMALL) -> tuple[VJepa, list[float]]:
    model = learner(config)
    optimiser = torch.optim.AdamW([part for part in model.parameters() if part.requires_grad], 3e-3)
    losses = []
    for step in range(steps):
        loss = model(Batch(sliding(16, seed=step)), step, Generator().manual_seed(step))["total"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        model.after_step(step, step / steps)
        losses.append(float(loss.detach()))
    return model, losses


@pytest.fixture(scope="module")
def course() -> tuple[VJepa, list[float]]:
    return trained(150)


def test_the_loss_falls(course: tuple[VJepa, list[float]]) -> None:
    losses = course[1]
    assert np.mean(losses[-10:]) < 0.8 * losses[0]


def test_the_slow_copy_alone_keeps_the_latents_from_collapsing(course: tuple[VJepa, list[float]]) -> None:
    with torch.no_grad():
        latents = course[0].tokens(sliding(64, seed=999)).mean(dim=1)
    values = torch.linalg.svdvals(latents - latents.mean(dim=0)) ** 2
    shares = values / values.sum()
    assert float(torch.exp(-(shares * shares.clamp(min=1e-12).log()).sum())) > 2


def test_the_paper_s_recipe_has_no_other_term_and_a_weight_adds_one() -> None:
    batch = Batch(sliding(4))
    plain = learner()(batch, 0, Generator().manual_seed(1))
    weighted = learner(msgspec.structs.replace(SMALL, anti_collapse_weight=2.0))(batch, 0, Generator().manual_seed(1))
    assert set(plain) == {"total", "short", "long"}
    assert torch.allclose(plain["total"], (plain["short"] + plain["long"]) / 2)
    assert torch.equal(weighted["short"], plain["short"])
    error = (weighted["short"] + weighted["long"]) / 2
    assert torch.allclose(weighted["total"], error + 2 * weighted["anti_collapse"])
    assert 0 < float(weighted["anti_collapse"].detach()) < 2


def test_the_term_against_collapse_spreads_the_tokens() -> None:
    spread = msgspec.structs.replace(SMALL, anti_collapse_weight=4.0)
    ranks = [rank(trained(60, config)[0]) for config in (SMALL, spread)]
    assert ranks[1] > 1.5 * ranks[0]


def test_a_loss_is_a_function_of_its_generator() -> None:
    model, batch = learner(), Batch(sliding(4))
    losses = [float(model(batch, 0, Generator().manual_seed(seed))["total"].detach()) for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]


def test_the_slow_copy_moves_by_its_momentum_and_gets_no_gradient() -> None:
    model = learner()
    model(Batch(sliding(4)), 0, Generator().manual_seed(0))["total"].backward()
    assert all(part.grad is None for part in model.slow_encoder.parameters())
    before = model.slow_encoder.embed.weight.clone()
    with torch.no_grad():
        model.encoder.embed.weight += 1
    model.after_step(0, 0)
    assert torch.allclose(model.slow_encoder.embed.weight - before, torch.tensor(1 - 0.99925), atol=1e-6)


def test_hidden_tubelets_are_not_seen() -> None:
    encoder, clip = learner().encoder, sliding(1)
    visible = torch.tensor([[0, 5, 20]])
    changed = clip.clone()
    changed[:, :2, 8:16, 8:16] = 0  # the tubelet at time 0, row 1, column 1: number 5
    assert not torch.equal(encoder(clip, visible), encoder(changed, visible))
    others = torch.tensor([[0, 6, 20]])
    assert torch.equal(encoder(clip, others), encoder(changed, others))


def test_positions_differ_for_every_place() -> None:
    codes = positions((4, 5, 6), 32)
    assert codes.shape == (120, 32)
    assert torch.cdist(codes, codes).fill_diagonal_(9).min() > 0.1


def test_features_and_surprise_look_only_back() -> None:
    model, clips = learner(), sliding(2, frames=9)
    features, surprise = model.features(clips), model.surprise(clips)
    assert features.shape == (2, 9, 16 * 24)
    assert surprise.shape == (2, 8)
    assert not surprise[:, 0].any()
    changed = clips.clone()
    changed[:, 6:] = 255 - changed[:, 6:]
    assert torch.allclose(features[:, :6], model.features(changed)[:, :6], atol=1e-6)
    assert torch.allclose(surprise[:, :5], model.surprise(changed)[:, :5], atol=1e-6)
    assert not torch.allclose(features[:, 6], model.features(changed)[:, 6], atol=1e-3)


def test_clips_of_its_side_reach_the_encoder_untouched() -> None:
    model, clips = learner(), sliding(2)
    seen: list[Tensor] = []
    model.encoder.register_forward_pre_hook(lambda _, given: seen.extend(given))
    model.tokens(clips)
    assert seen[0] is clips


@pytest.mark.parametrize(("down", "across"), [(64, 64), (24, 48)])
def test_clips_of_another_size_are_resized_as_for_checkpoints_of_others(down: int, across: int) -> None:
    model = learner()
    clips = torch.randint(256, (2, 4, down, across, 3), dtype=torch.uint8, generator=Generator().manual_seed(0))
    flat = clips.flatten(0, 1).movedim(-1, 1).float()
    pictures = F.interpolate(flat, size=(32, 32), mode="bilinear", antialias=True, align_corners=False)
    shown = pictures.movedim(1, -1).reshape(2, 4, 32, 32, 3)
    assert torch.equal(model.tokens(clips), model.encoder(shown))
    for got, wanted in zip(model.guess(clips, 2), model.guess(shown, 2), strict=True):
        assert torch.equal(got, wanted)


@pytest.mark.parametrize("side", [32, 96])
def test_a_model_of_any_side_is_tested_on_scenes(side: int) -> None:
    config = msgspec.structs.replace(SMALL, side=side)
    model = WorldModel(learner(config), Card(kind="vjepa", config=msgspec.to_builtins(config), action_size=0))
    seeds = range(HELD_OUT, HELD_OUT + 2)
    surprised = physics.run_physics(model, "permanence", seeds)
    assert np.ptp(list(surprised.details.values())) > 0
    (recalled,) = memory.recall(model, seeds, (1,))
    assert len(recalled.scores) == len(surprised.scores) == 2


def test_a_larger_model_is_shown_fewer_frames_at_once() -> None:
    assert VJepa(VJepaConfig()).frames_at_once == 2048
    assert VJepa(VJepaConfig(side=128, width=192, heads=4)).frames_at_once == 256
    assert VJepa(VJepaConfig(side=512, patch=8, width=384, heads=4, depth=1)).frames_at_once == 16  # a clip at least


def test_states_are_of_single_frames() -> None:
    model, clips = learner(), sliding(2)
    assert torch.allclose(model.encode(clips)[:, 1:2], model.encode(clips[:, 1:2]), atol=1e-6)


def test_plain_video_has_no_actions() -> None:
    with pytest.raises(MissingDependency, match="knows no actions"):
        learner().imagine(sliding(1), torch.zeros(1, 1, 1, 2))
    with pytest.raises(MissingDependency, match="knows no actions"):
        learner().distance(torch.zeros(1, 1, 1, 2), sliding(1)[:, 0])


def test_clips_of_another_shape_are_one_clear_line() -> None:
    with pytest.raises(InputError, match="clips of 6 frames, 32 × 32 pixels, but this V-JEPA is for 4 frames"):
        learner()(Batch(sliding(2, frames=6)), 0, Generator())
    with pytest.raises(InputError, match="24 × 32 pixels"):
        learner()(Batch(sliding(2)[:, :, :24]), 0, Generator())
    with pytest.raises(InputError, match="clips of 3 frames"):
        learner().tokens(sliding(2, frames=3))
    with pytest.raises(InputError, match="too short for surprise"):
        learner().surprise(sliding(2, frames=2))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"frames": 5}, "do not cut"),
        ({"side": 60}, "do not cut"),
        ({"side": 8}, "only one patch"),
        ({"heads": 5}, "heads"),
        ({"momentum": 1.5}, "must lie in"),
        ({"anti_collapse_weight": -1.0}, "at least 0"),
    ],
)
def test_numbers_that_do_not_fit_together_are_one_clear_line(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        VJepaConfig(**changed)


def test_sizes_go_from_tiny_to_large() -> None:
    def millions(name: str) -> float:
        with torch.device("meta"):
            return sum(part.numel() for part in Encoder(config_of_size(name)).parameters()) / 1e6

    assert millions("tiny") == pytest.approx(0.4, abs=0.05)
    assert millions("vit-l") == pytest.approx(304, abs=3)
    sizes = [millions(name) for name in SIZES]
    assert sizes == sorted(sizes)
    with pytest.raises(InputError, match=r"choose one of tiny, small, vit-s, vit-b, vit-l"):
        config_of_size("huge")
