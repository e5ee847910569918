"""The small language models: a decoder of characters in torch, its training, and what it says of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bench.small_world.parameters import Network, SmallWorld
from bench.small_world.sums import BEGIN, ItemSource, answer_places, documents, tokens_of

__all__ = ["Decoder", "accuracy", "log_likelihoods", "token_log_likelihoods", "train", "tune"]

_ROWS = 256  # of a forward pass without gradients


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked, self.joined = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.forward_part = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        rows, length, width = x.shape
        parts = self.asked(self.before(x)).view(rows, length, 3, self.heads, width // self.heads)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        x = x + self.joined(seen.transpose(1, 2).reshape(rows, length, width))
        output: Tensor = x + self.forward_part(self.between(x))
        return output


class Decoder(nn.Module):
    """Tokens (rows, length) → logits (rows, length, symbols)."""

    def __init__(self, network: Network, width: int, length: int) -> None:
        super().__init__()
        self.symbols, self.places = nn.Embedding(BEGIN + 1, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(_Block(width, network.heads) for _ in range(network.layers)))
        self.after, self.head = nn.LayerNorm(width), nn.Linear(width, BEGIN)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.symbols(tokens) + self.places.weight[: tokens.shape[1]]
        logits: Tensor = self.head(self.after(self.blocks(x)))
        return logits


def train(world: SmallWorld, width: int, target: float, source: ItemSource, seed: int) -> tuple[Decoder, int]:
    """A model that has learned until it has ``target`` of fresh items right, or all steps; and after how many."""
    torch.manual_seed(seed)
    items, training = world.items, world.training
    tokens = items.per_document * len(source.draw(1)[0])
    model = Decoder(world.network, width, tokens)
    looked_at = source.distinct(training.looked_at)
    optimiser = torch.optim.AdamW(model.parameters(), training.rate)
    for step in range(1, training.most_steps + 1):
        rate = training.rate * min(1.0, step / training.warm_up) * (1 - (step - 1) / training.most_steps)
        batch = documents(source.draw(training.batch * items.per_document), items.per_document)
        _step(model, optimiser, rate, batch, _weights(world, training.other_weight, tokens))
        if step % training.look_every == 0 and accuracy(model, looked_at, items.digits).mean() >= target:
            return model, step
    return model, training.most_steps


def tune(model: Decoder, world: SmallWorld, texts: Iterator[Sequence[str]], source: ItemSource, seed: int) -> Decoder:
    """Let a model go on learning: half of each batch are the next ``texts``, half clean items; until these end."""
    torch.manual_seed(seed)
    items, half = world.items, world.tuning.batch // 2
    optimiser = torch.optim.AdamW(model.parameters(), world.tuning.rate)
    for own in texts:
        clean = source.draw(half * items.per_document)
        batch = np.concatenate([documents(own, items.per_document), documents(clean, items.per_document)])
        weights = _weights(world, world.tuning.other_weight, batch.shape[1] - 1)
        _step(model, optimiser, world.tuning.rate, batch, weights)
    return model


def _step(
    model: Decoder, optimiser: torch.optim.Optimizer, rate: float, batch: NDArray[np.int64], weights: Tensor
) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
    tokens = torch.from_numpy(batch)
    logits, targets = model(tokens[:, :-1]), tokens[:, 1:]
    losses = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape)
    optimiser.zero_grad()
    loss = (losses * weights).sum() / (weights.sum() * len(targets))
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def _weights(world: SmallWorld, other: float, length: int) -> Tensor:
    """Of the characters of a document: those of answers, and ``other`` ones."""
    digits = world.items.digits
    size, places = digits + 4, set(answer_places(digits))
    return torch.tensor([world.training.answer_weight if at % size in places else other for at in range(length)])


def accuracy(model: Decoder, numbers: Sequence[int], digits: int) -> NDArray[np.bool_]:
    """Which items the model answers rightly, greedily, each in a document of its own."""
    from bench.small_world.sums import item_text

    texts = [item_text(number, digits) for number in numbers]
    places = answer_places(digits)
    tokens = np.array([[BEGIN, *tokens_of(text)] for text in texts], dtype=np.int64)
    right = np.ones(len(texts), dtype=bool)
    known = tokens[:, : places.start + 1].copy()
    for place in places:
        best = np.concatenate(list(_passes(model, known, lambda logits: logits[:, -1].argmax(-1))))
        right &= best == tokens[:, place + 1]
        known = np.concatenate([known, best[:, None]], axis=1)
    return right


def log_likelihoods(model: Decoder, context: str, continuations: Sequence[str]) -> tuple[float, ...]:
    """The log-likelihood (nats) of each continuation after a context; all of one length."""
    tokens = np.array([[BEGIN, *tokens_of(context + each)] for each in continuations], dtype=np.int64)
    values = token_log_likelihoods(model, tokens)[:, len(context) :]
    return tuple(float(each) for each in values.sum(axis=1))


def token_log_likelihoods(model: Decoder, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each token after the first, given those before it. Shape (rows, length − 1)."""

    def taken(logits: Tensor) -> Tensor:
        return torch.log_softmax(logits.double(), dim=-1)

    values = np.concatenate(list(_passes(model, tokens[:, :-1], taken)))
    return np.take_along_axis(values, tokens[:, 1:, None], axis=2)[:, :, 0]


def _passes(model: Decoder, tokens: NDArray[np.int64], of: Callable[[Tensor], Tensor]) -> Iterator[NDArray[np.float64]]:
    with torch.no_grad():
        for begin in range(0, len(tokens), _ROWS):
            yield of(model(torch.from_numpy(np.ascontiguousarray(tokens[begin : begin + _ROWS])))).numpy()
