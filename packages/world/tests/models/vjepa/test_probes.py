"""Probes read what is there, do not read what is not, and show where they look."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from steelyard_world.models.vjepa.probes import fit_attentive, fit_linear


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed))


def test_the_linear_probe_reads_what_is_linear() -> None:
    features = normal(300, 20)
    targets = features @ normal(20, 2, seed=1) + 5
    probe = fit_linear(features[:200], targets[:200])
    assert torch.allclose(probe(features[200:]).float(), targets[200:], atol=0.05)


def test_the_strength_is_chosen_by_leaving_one_out() -> None:
    features, noise = normal(40, 30), normal(40, 1, seed=2)
    probe = fit_linear(features, noise)
    assert probe.strength >= 100
    one_by_one = []
    for left in range(40):
        rest = torch.arange(40) != left
        mean, deviation, offset = (
            features.double().mean(0),
            features.double().std(0, unbiased=False),
            noise.double().mean(0),
        )
        x, y = ((features.double() - mean) / deviation), noise.double() - offset
        # The intercept's share of the leverage, 1 / n, is that of the mean: it moves when a sample is left out.
        x_rest, y_rest = x[rest], y[rest]
        x_mean, y_mean = x_rest.mean(0), y_rest.mean(0)
        centred = x_rest - x_mean
        gram = centred.T @ centred + probe.strength * torch.eye(30, dtype=torch.float64)
        fit = torch.linalg.solve(gram, centred.T @ (y_rest - y_mean))
        one_by_one.append(float(((x[left] - x_mean) @ fit + y_mean - y[left]) ** 2))
    fitted = probe(features) - noise
    x = (features.double() - probe.mean) / probe.deviation
    inverse = torch.linalg.inv(x.T @ x + probe.strength * torch.eye(30, dtype=torch.float64))
    leverage = (x @ inverse * x).sum(1) + 1 / 40
    closed = (fitted[:, 0] / (1 - leverage)) ** 2
    assert torch.allclose(closed, torch.tensor(one_by_one, dtype=torch.float64), rtol=1e-6)


def test_the_largest_column_gives_the_label() -> None:
    labels = torch.arange(300) % 3
    features = normal(300, 10) + 3 * torch.eye(10)[labels]
    probe = fit_linear(features[:200], labels[:200])
    assert float((probe(features[200:]).argmax(dim=1) == labels[200:]).float().mean()) > 0.9


def test_the_attentive_probe_looks_where_the_label_is() -> None:
    labels = torch.arange(200) % 2
    tokens = 0.3 * normal(200, 6, 8)
    tokens[:, 4, 0] += 3
    tokens[torch.arange(200), 4, 1] += labels * 4.0 - 2
    before = torch.random.get_rng_state()
    probe = fit_attentive(tokens[:150], labels[:150], seed=1, heads=2, steps=150, batch=32, learning_rate=1e-2)
    assert torch.equal(before, torch.random.get_rng_state())
    assert float((probe(tokens[150:]).argmax(dim=1) == labels[150:]).float().mean()) > 0.9
    attention = probe.attention(tokens[150:])
    assert attention.shape == (50, 2, 6)
    assert torch.allclose(attention.sum(dim=2), torch.ones(50, 2))
    assert int(attention.mean(dim=(0, 1)).argmax()) == 4


def test_the_same_seed_trains_the_same_attentive_probe() -> None:
    tokens, labels = normal(30, 4, 8), torch.arange(30) % 2
    one, same, other = (fit_attentive(tokens, labels, seed=seed, steps=5, heads=2) for seed in (0, 0, 1))
    assert torch.equal(one(tokens), same(tokens))
    assert not torch.equal(one(tokens), other(tokens))
