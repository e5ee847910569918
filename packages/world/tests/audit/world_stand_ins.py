"""World models for tests that need no training: one that reads the state off the frame, one that knows nothing."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

import numpy as np

from steelyard.planning.turns import digest_of_checkpoints
from steelyard.records import Checkpoint, ModelIdentity
from steelyard_world.audit.model import AuditedWorld
from steelyard_world.evaluation.adapters.callable import CallableWorld
from steelyard_world.sim.catalog import simulator
from steelyard_world.sim.simulator import SIDE, Floats, Frames

WALL = 32.0, 20.0  # where two-room-fixed has wall and door


def seen(frames: Frames) -> Floats:
    """The state (B, 4) in frames (B, 64, 64, 3): the middle of what is red, and the fixed layout."""
    red = frames[..., 0].astype(np.float64)
    pixels = np.arange(SIDE)
    mass = red.sum((1, 2))
    x = (red.sum(1) * pixels).sum(1) / mass
    y = (red.sum(2) * pixels).sum(1) / mass
    return np.column_stack([x, y, np.full_like(x, WALL[0]), np.full_like(x, WALL[1])]).astype(np.float32)


def knowing() -> CallableWorld:
    """The true dynamics of two-room-fixed, from pixels: as good as a world model can be there."""
    world = simulator("two-room-fixed")

    def rollout(frames: Frames, actions: Floats) -> Floats:
        states = np.broadcast_to(seen(frames)[:, None], (*actions.shape[:2], 4))
        steps = []
        for step in range(actions.shape[2]):
            states = world.step(states, actions[:, :, step])
            steps.append(states)
        return np.stack(steps, axis=2)

    def distance(states: Floats, goals: Frames) -> Floats:
        return world.gap(states, seen(goals)[:, None, None])

    def surprise(clips: Frames) -> Floats:
        changes = np.abs(np.diff(clips.astype(np.float32), axis=1))
        return np.asarray(changes.mean((2, 3, 4)), dtype=np.float32)

    def features(clips: Frames) -> Floats:
        return clips.reshape(*clips.shape[:2], -1)[..., ::96].astype(np.float32)

    return CallableWorld("true dynamics", rollout=rollout, distance=distance, surprise=surprise, features=features)


def ignorant() -> CallableWorld:
    """Finds all actions equally good."""
    return CallableWorld(
        "ignorant",
        rollout=lambda frames, actions: actions,
        distance=lambda states, goals: np.zeros(states.shape[:3], dtype=np.float32),
        surprise=lambda clips: np.zeros((len(clips), clips.shape[1] - 1), dtype=np.float32),
    )


def audited(**members: CallableWorld | list[CallableWorld]) -> AuditedWorld:
    """A model under audit in this process; ``world_two_room_fixed=…`` is the role ``world two-room-fixed``.

    A list holds the trainings of one recipe. Their weights have digests from the numbers in the list.
    """
    roles = {
        "world two-room-fixed": knowing(),
        "few frames two-room-fixed": knowing(),
        "few frames two-room-fixed by pixel": ignorant(),
    } | members
    several = {role: given if isinstance(given, list) else [given] for role, given in roles.items()}
    weights = {role: [weights_of(role, number) for number in range(len(given))] for role, given in several.items()}
    checkpoints = {
        role: tuple(
            Checkpoint(sha256=each, config="c" * 64, kind="stand-in", parameters=1000) for each in sorted(weights[role])
        )
        for role in several
    }
    identity = ModelIdentity(
        uri="world:stand-in", name="stand-in", sha256=digest_of_checkpoints(checkpoints), backend="numpy"
    )
    openers = {
        role: {each: partial(_itself, model) for each, model in zip(weights[role], given, strict=True)}
        for role, given in several.items()
    }
    return AuditedWorld(identity, checkpoints, openers)


def weights_of(role: str, number: int) -> str:
    """The digest of a stand-in's weights."""
    return sha256(f"{role} {number}".encode()).hexdigest()


def _itself(model: CallableWorld) -> CallableWorld:
    return model
