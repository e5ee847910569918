"""A world model in use: encode, predict, measure surprise, plan, remember, reason, save and load.

NumPy in and out, frames as uint8, actions in the world's own units (pixels). It is a
:class:`steelyard_world.protocol.WorldUnderTest`. :func:`steelyard_world.fitting.train_model` trains one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from steelyard.errors import InputError, MissingDependency
from steelyard_world.learner import HasActionSize, Learner
from steelyard_world.memory import Memory, Recalled
from steelyard_world.models.card import Card, read_card, write_card
from steelyard_world.models.kinds import make_learner
from steelyard_world.models.reasoning import Consequences, Counterfactual, compare_courses, compare_without
from steelyard_world.planners.cem import cem
from steelyard_world.planners.cost import OverHorizon
from steelyard_world.planners.gradient import gradient
from steelyard_world.planners.model_cost import imagined_cost
from steelyard_world.planners.mppi import mppi
from steelyard_world.planners.settings import PlannerSettings, settings_for
from steelyard_world.sim.simulator import SIDE, Floats, Frames
from steelyard_world.training.collapse import Health
from steelyard_world.weights import digest, read_tensors, write_tensors

__all__ = ["WorldModel"]

_TENSORS = "model.safetensors"
_STATES_AT_ONCE = 65_536


class WorldModel:
    """A learner with its card and its memory."""

    def __init__(self, learner: Learner, card: Card, name: str | None = None) -> None:
        self.learner = learner.eval()
        self.card = card
        self.name = name or card.kind
        self.memory = Memory()
        self._device = next((parameter.device for parameter in learner.parameters()), torch.device("cpu"))

    @property
    def action_size(self) -> int:
        """Numbers in one action; 0 for a model of plain video."""
        return self.card.action_size

    @property
    def action_scale(self) -> float:
        """Pixels in the learner's unit of action: half the world's limit, so exploration has about unit variance."""
        return self.card.action_limit / 2

    @property
    def training_seed(self) -> int | None:
        """The seed of its training; None for a model that was not trained."""
        return self.card.trained.seed if self.card.trained else None

    @property
    def health(self) -> Health | None:
        """What the collapse check measured after training; None if it was not run."""
        return self.card.trained.health if self.card.trained else None

    def encode(self, frames: Frames) -> Floats:
        """Frames (…, H, W, 3), each by itself → states (…, D); raises InputError for other sizes or types."""
        flat = self._checked(frames, "frames").reshape(-1, 1, *frames.shape[-3:])
        states = self._chunked(lambda part: self.learner.encode(part), flat)
        return states.reshape(*frames.shape[:-3], states.shape[-1])

    def predict(self, observations: Frames, actions: Floats) -> Floats:
        """Frames (B, H, W, 3), or clips that end now (B, T, H, W, 3), and actions (B, K, A) → states (B, K, D).

        Raises MissingDependency and InputError as :meth:`rollout`.
        """
        return self.rollout(observations, actions[:, None])[:, 0]

    def rollout(self, observations: Frames, actions: Floats) -> Floats:
        """Imagine N alternatives: observations as for :meth:`predict`, actions (B, N, K, A) → states (B, N, K, D).

        Raises MissingDependency for a model of plain video, InputError for other shapes or numbers.
        """
        if self.action_size == 0:
            raise MissingDependency(f"{self.name} learned from plain video: it knows no actions to imagine under")
        if actions.ndim != 4 or actions.shape[-1] != self.action_size or not actions.size:
            raise InputError(
                f"these actions have the shape {actions.shape}; {self.name} expects "
                f"(B, N, K, {self.action_size}), as it was trained with {self.action_size} numbers an action"
            )
        if observations.ndim not in (4, 5) or len(observations) != len(actions):
            raise InputError(
                f"actions {actions.shape} are for {len(actions)} observations (B, height, width, 3), or clips of them, "
                f"not for {observations.shape}"
            )
        clips = observations if observations.ndim == 5 else observations[:, None]
        scaled = self._scaled(actions)
        rows = max(1, _STATES_AT_ONCE // (actions.shape[1] * actions.shape[2]))
        return self._chunked(self.learner.imagine, self._checked(clips, "observations"), scaled, rows=rows)

    def distance(self, states: Floats, goals: Frames) -> Floats:
        """How far imagined states (B, N, K, D) are from goal frames (B, H, W, 3): (B, N, K); raises InputError."""
        if states.ndim != 4 or not states.size or len(states) != len(goals):
            raise InputError(f"states (B, N, K, D) are measured to B goals; these are {states.shape} and {len(goals)}")
        wanted = self._checked(goals, "goals")
        rows = max(1, _STATES_AT_ONCE // (states.shape[1] * states.shape[2]))
        return self._chunked(
            lambda goal, state: self.learner.distance(state, goal), wanted, torch.from_numpy(states), rows=rows
        )

    def surprise(self, clips: Frames, actions: Floats | None = None) -> Floats:
        """How badly each frame fits the earlier ones: clips (B, T, H, W, 3) → (B, T − 1); raises InputError."""
        return self._watching(self.learner.surprise, clips, actions)

    def features(self, clips: Frames, actions: Floats | None = None) -> Floats:
        """Features for probes after each frame, memory included: (B, T, H, W, 3) → (B, T, F); raises InputError."""
        return self._watching(self.learner.features, clips, actions)

    def plan(
        self,
        observations: Frames,
        goals: Frames,
        settings: PlannerSettings | None = None,
        *,
        seeds: Sequence[int] | None = None,
    ) -> Floats:
        """Seek actions from observations (E, H, W, 3), or clips that end now, to goal frames: (E, steps, A).

        ``seeds``: one for each plan, on which it depends alone; by default its index in the batch. ``settings``: by
        default those of the world of training.

        Raises:
            MissingDependency: For a model of plain video, and by gradient for one that has none.
            InputError: For frames of another size or type.
        """
        chosen = settings or settings_for(self.card.world)
        own = range(len(goals)) if seeds is None else seeds
        size, limit = self.action_size, self.card.action_limit
        if chosen.planner == "gradient":
            if size == 0:
                raise MissingDependency(f"{self.name} learned from plain video: it knows no actions to plan with")
            clips = observations if observations.ndim == 5 else observations[:, None]
            seen, wanted = (self._checked(each, "frames").to(self._device) for each in (clips, goals))
            return gradient(self.learner, seen, wanted, own, chosen, action_size=size, action_limit=limit)
        planner = mppi if chosen.planner == "mppi" else cem
        cost = imagined_cost(self, observations, goals, chosen.cost)
        return planner(cost, own, chosen, action_size=size, action_limit=limit)

    def reason(
        self, observation: Frames, courses: Mapping[str, Floats], outcome: Frames, how: OverHorizon = "last"
    ) -> Consequences:
        """Compare which of several named courses of actions (K, A) leads nearest to an outcome frame (H, W, 3).

        Raises InputError as :func:`steelyard_world.models.reasoning.compare_courses`.
        """
        return compare_courses(self, observation, courses, outcome, how)

    def reason_without(
        self, observation: Frames, actions: Floats, steps: Iterable[int], outcome: Frames, how: OverHorizon = "last"
    ) -> Counterfactual:
        """Compare a course (K, A) with and without the actions at some steps: would the outcome have come anyway?

        Raises InputError as :meth:`reason`.
        """
        return compare_without(self, observation, actions, steps, outcome, how)

    def remember(self, frames: Frames, keys: Sequence[Any]) -> None:
        """Store the features of frames (B, H, W, 3), or of the ends of clips (B, T, H, W, 3), under keys.

        Raises InputError as :meth:`steelyard_world.memory.Memory.add`.
        """
        self.memory.add(self._moments(frames), keys)

    def recall(self, frames: Frames, count: int = 1) -> Recalled:
        """Find the ``count`` stored moments nearest to each of these frames or clips.

        Raises InputError where nothing was stored.
        """
        return self.memory.nearest(self._moments(frames), count)

    def save(self, folder: Path) -> None:
        """Write ``model.safetensors``, the memory and, last, ``world.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = self.learner.state_dict()
        self.card = msgspec.structs.replace(self.card, sha256=digest(tensors))
        write_tensors(folder / _TENSORS, tensors)
        self.memory.save(folder)
        write_card(folder, self.card)

    @classmethod
    def load(cls, folder: Path | str) -> WorldModel:
        """Read a saved model; raises InputError naming the file of the folder that was changed, and how."""
        folder = Path(folder)
        card = read_card(folder)
        tensors, _ = read_tensors(folder / _TENSORS)
        try:
            learner = make_learner(card.kind, card.config)
        except InputError as error:
            raise InputError(str(error), where=folder / "world.json") from error
        _expect_same_actions(card, learner, folder)
        _expect_same_shapes(learner.state_dict(), tensors, folder / _TENSORS)
        if digest(tensors) != card.sha256:
            raise InputError(
                "the tensors are not those that were saved (another SHA-256): copy the file again",
                where=folder / _TENSORS,
            )
        learner.load_state_dict(tensors)
        model = cls(learner, card)
        model.memory = Memory.load(folder)
        return model

    def _watching(self, ask: Callable[..., Tensor], clips: Frames, actions: Floats | None) -> Floats:
        if clips.ndim != 5:
            raise InputError(f"clips are (B, T, height, width, 3), not {clips.shape}")
        seen = self._checked(clips, "clips")
        rows = max(1, self.learner.frames_at_once // clips.shape[1])
        if actions is None:
            return self._chunked(ask, seen, rows=rows)
        if actions.shape != (*clips.shape[:1], clips.shape[1] - 1, self.action_size):
            raise InputError(
                f"these actions have the shape {actions.shape}; {self.name} expects "
                f"{(clips.shape[0], clips.shape[1] - 1, self.action_size)} with these clips"
            )
        return self._chunked(ask, seen, self._scaled(actions), rows=rows)

    def _moments(self, frames: Frames) -> Floats:
        clips = frames if frames.ndim == 5 else frames[:, None]
        return self.features(clips)[:, -1]

    def _checked(self, frames: Frames, what: str) -> Tensor:
        if frames.dtype != np.uint8 or frames.ndim < 3 or frames.shape[-1] != 3:
            raise InputError(f"{what} are uint8 pictures (…, height, width, 3), not {frames.dtype} {frames.shape}")
        if not frames.size:
            raise InputError(f"{what} are empty: their shape is {frames.shape}")
        if frames.shape[-3:-1] != (SIDE, SIDE) and not self.learner.sees_all_sizes:
            raise InputError(
                f"{what} are pictures of {' × '.join(map(str, frames.shape[-3:-1]))} pixels, and {self.name} sees "
                f"{SIDE} × {SIDE}"
            )
        return torch.from_numpy(np.ascontiguousarray(frames))

    def _scaled(self, actions: Floats) -> Tensor:
        if not np.isfinite(actions).all():
            raise InputError("some of these actions are not finite numbers")
        return torch.from_numpy(np.ascontiguousarray(actions, dtype=np.float32)) / self.action_scale

    @torch.no_grad()
    def _chunked(self, ask: Callable[..., Tensor], *inputs: Tensor, rows: int | None = None) -> Floats:
        rows = rows or self.learner.frames_at_once
        answers = []
        for first in range(0, len(inputs[0]), rows):
            parts = (given[first : first + rows].to(self._device) for given in inputs)
            answers.append(ask(*parts).float().cpu().numpy())
        return np.concatenate(answers)


def _expect_same_actions(card: Card, learner: Learner, folder: Path) -> None:
    config = learner.config
    if isinstance(config, HasActionSize) and config.action_size != card.action_size:
        raise InputError(
            f"says {card.action_size} numbers an action, and its config {config.action_size}: one of them was changed",
            where=folder / "world.json",
        )


def _expect_same_shapes(made: Mapping[str, Tensor], read: Mapping[str, Tensor], path: Path) -> None:
    if odd := sorted(made.keys() ^ read.keys()):
        how = "lacks" if odd[0] in made else "has an unknown"
        raise InputError(f"{how} tensor {odd[0]}: it is of another kind of model than world.json says", where=path)
    for name, tensor in made.items():
        if tensor.shape != read[name].shape:
            raise InputError(
                f"{name} has the shape {tuple(read[name].shape)}, and world.json's config makes {tuple(tensor.shape)}: "
                "it is a checkpoint of another size",
                where=path,
            )
