"""Probes of a frozen encoder: a linear one in closed form, and an attentive one that is trained."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import Generator, Tensor, nn

__all__ = ["AttentiveProbe", "LinearProbe", "fit_attentive", "fit_linear"]

_STRENGTHS = tuple(10.0**power for power in range(-3, 5))


class LinearProbe(NamedTuple):
    """Ridge regression on standardised features; for labels, on one column a class."""

    mean: Tensor
    deviation: Tensor
    weights: Tensor
    offset: Tensor
    strength: float

    def __call__(self, features: Tensor) -> Tensor:
        """(N, F) → (N, C)."""
        return (features.double() - self.mean) / self.deviation @ self.weights + self.offset


def fit_linear(features: Tensor, targets: Tensor) -> LinearProbe:
    """Fit features (N, F) to targets (N, C), or to labels (N,) of integers, one column a class.

    The strength is the one of eight powers of ten with the least squared error when each sample is left out in turn,
    which for ridge is in closed form: residual / (1 − leverage).
    """
    columns = targets.double() if targets.is_floating_point() else F.one_hot(targets).double()
    samples = features.double()
    mean, deviation = samples.mean(dim=0), samples.std(dim=0, unbiased=False).clamp(min=1e-9)
    offset = columns.mean(dim=0)
    left, sizes, right = torch.linalg.svd((samples - mean) / deviation, full_matrices=False)
    along = left.T @ (columns - offset)
    errors = {}
    for strength in _STRENGTHS:
        kept = sizes**2 / (sizes**2 + strength)
        residual = columns - offset - left @ (kept[:, None] * along)
        leverage = (left**2 @ kept + 1 / len(samples)).clamp(max=1 - 1e-6)
        errors[strength] = float(((residual / (1 - leverage)[:, None]) ** 2).mean())
    best = min(errors, key=errors.__getitem__)
    weights = right.T @ ((sizes / (sizes**2 + best))[:, None] * along)
    return LinearProbe(mean, deviation, weights, offset, best)


class AttentiveProbe(nn.Module):
    """One learned query attends to all tokens; what it gathers goes through a linear layer. After V-JEPA, 4.1."""

    def __init__(self, width: int, classes: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query = nn.Parameter(torch.zeros(width))
        self.keys_values = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (B, N, D) → (B, classes)."""
        values = self._keys_values(tokens)[1]
        gathered = self.attention(tokens)[:, :, None] @ values
        logits: Tensor = self.out(gathered.flatten(1))
        return logits

    def attention(self, tokens: Tensor) -> Tensor:
        """How much each token counts, (B, heads, N), adding up to 1: a picture of where the probe looks."""
        keys = self._keys_values(tokens)[0]
        query = self.query.view(self.heads, -1)
        return torch.einsum("hd,bhnd->bhn", query, keys).div(query.shape[1] ** 0.5).softmax(dim=-1)

    def _keys_values(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        keys, values = self.keys_values(self.norm(tokens)).unflatten(2, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return keys, values


def fit_attentive(
    tokens: Tensor,
    labels: Tensor,
    *,
    seed: int,
    heads: int = 4,
    steps: int = 300,
    batch: int = 64,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.05,
) -> AttentiveProbe:
    """Train a probe on tokens (N, T, D) of a frozen encoder and labels (N,): AdamW, cosine to 0, cross-entropy.

    The same seed gives the same probe; torch's global generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        probe = AttentiveProbe(tokens.shape[2], int(labels.max()) + 1, heads)
        nn.init.normal_(probe.query, std=0.02)
    generator = Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(probe.parameters(), learning_rate, weight_decay=weight_decay)
    course = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        chosen = torch.randint(len(tokens), (min(batch, len(tokens)),), generator=generator)
        loss = F.cross_entropy(probe(tokens[chosen]), labels[chosen])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        course.step()
    return probe.requires_grad_(False).eval()
