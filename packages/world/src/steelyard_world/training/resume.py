"""What a training needs to resume exactly: weights, the optimiser's state, the count of steps.

It is one file, so that a kill leaves the old one or the new one, never halves of both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from torch import nn
from torch.optim import Optimizer

from steelyard.errors import InputError
from steelyard_world.weights import read_tensors, write_tensors

__all__ = ["RESUME", "Position", "read_position", "restore", "write_position"]

RESUME = "resume.safetensors"


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a training is, with its last logged losses.

    ``identity``: its kind, source and settings; a resume with others is refused.
    """

    step: int = 0
    frames: int = 0
    cpu_seconds: float = 0.0
    seconds: float = 0.0
    losses: dict[str, float] = {}
    identity: dict[str, Any] = {}


def write_position(folder: Path, position: Position, learner: nn.Module, optimiser: Optimizer) -> None:
    """Write ``resume.safetensors``; its metadata holds the position as JSON."""
    tensors = {f"model.{name}": tensor for name, tensor in learner.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": tensor for name, tensor in state.items()}
    write_tensors(folder / RESUME, tensors, {"position": msgspec.json.encode(position).decode()})


def read_position(folder: Path) -> Position:
    """Read only how far a training is; raises InputError where there is none."""
    return _parsed(folder / RESUME)[1]


def restore(folder: Path, identity: dict[str, Any], learner: nn.Module, optimiser: Optimizer) -> Position:
    """Load weights and optimiser; raises InputError where the file belongs to another training."""
    tensors, position = _parsed(folder / RESUME)
    if other := _differing(identity, position.identity):
        raise InputError(
            f"another training was stopped here ({other}): give the same options, or choose another folder",
            where=folder / RESUME,
        )
    learner.load_state_dict(
        {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
    )
    states: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, index, part = name.split(".")
            states.setdefault(int(index), {})[part] = tensor
    optimiser.load_state_dict({"state": states, "param_groups": optimiser.state_dict()["param_groups"]})
    return position


def _parsed(path: Path) -> tuple[dict[str, Any], Position]:
    if not path.is_file():
        raise InputError("nothing to resume: no training was stopped here", where=path.parent)
    tensors, metadata = read_tensors(path)
    try:
        return tensors, msgspec.json.decode(metadata.get("position", ""), type=Position)
    except msgspec.MsgspecError as error:
        raise InputError(f"does not hold a training's position ({error}): start again", where=path) from error


def _differing(wanted: dict[str, Any], found: dict[str, Any], path: str = "") -> str:
    """Name the first difference, as in ``source seed: "1", not "0"``; empty if there is none."""
    for name in sorted(wanted.keys() | found.keys()):
        here, there = wanted.get(name), found.get(name)
        if isinstance(here, dict) and isinstance(there, dict):
            if deeper := _differing(here, there, f"{path}{name} "):
                return deeper
        elif here != there:
            return f"{path}{name}: {_text(here)}, not {_text(there)}"
    return ""


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
