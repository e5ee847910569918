"""Adapters for LeWM and PLDM of the package stable-worldmodel (MIT), written for its version 0.1.1.

Give a module with its weights loaded: the package's own checkpoints are pickles, which are never loaded here (use
``module.load_state_dict(safetensors.torch.load_file(…))``). Only :func:`peer_class` imports the package, which takes
16 s.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from steelyard.errors import InputError, MissingDependency
from steelyard_world.sim.simulator import Floats, Frames

__all__ = ["StableWorldModel", "peer_class"]

_CLASSES = {"lewm": ("stable_worldmodel.wm.lewm.lewm", "LeWM"), "pldm": ("stable_worldmodel.wm.pldm.pldm", "PLDM")}
_WRITTEN_FOR = "0.1.1"
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def peer_class(kind: str) -> type[nn.Module]:
    """Import ``lewm`` or ``pldm``; raises MissingDependency where the package or the class is missing.

    Raises InputError for another name.
    """
    if kind not in _CLASSES:
        raise InputError(f"no peer is called {kind!r}; there are {', '.join(_CLASSES)}")
    module, name = _CLASSES[kind]
    try:
        found: type[nn.Module] = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise MissingDependency(
            f"{module} cannot be imported ({error}): pip install stable-worldmodel=={_WRITTEN_FOR}"
        ) from None
    except AttributeError:
        raise MissingDependency(
            f"{module} has no {name}: this adapter is for stable-worldmodel {_WRITTEN_FOR}"
        ) from None
    return found


class StableWorldModel:
    """A module with their ``encode(info)`` and ``rollout(info, actions)`` as a world model under test.

    ``image_side``: the side of its training pictures. ``mean`` and ``deviation``: of its training colours, from 0 to 1.
    ``action_mean`` and ``action_deviation``: with which its training standardised actions, in pixels.

    Raises InputError for a module without those methods.
    """

    def __init__(
        self,
        module: nn.Module,
        name: str,
        *,
        image_side: int = 224,
        mean: Sequence[float] = _IMAGENET[0],
        deviation: Sequence[float] = _IMAGENET[1],
        action_mean: float = 0.0,
        action_deviation: float = 1.0,
    ) -> None:
        lacking = [method for method in ("encode", "rollout") if not callable(getattr(module, method, None))]
        if lacking:
            raise InputError(
                f"{name}: has no {' and no '.join(lacking)}: this is no LeWM or PLDM of stable-worldmodel "
                f"{_WRITTEN_FOR}"
            )
        self.name = name
        self._module: Any = module.eval()
        self._side = image_side
        self._mean = torch.tensor(mean).view(3, 1, 1)
        self._deviation = torch.tensor(deviation).view(3, 1, 1)
        self._action_mean, self._action_deviation = action_mean, action_deviation

    def surprise(self, clips: Frames) -> Floats:
        """Raise MissingDependency: its prediction of a frame depends on an action, and a clip has none."""
        raise MissingDependency(f"{self.name} predicts nothing without actions, so it has no surprise at a clip")

    @torch.inference_mode()
    def rollout(self, observations: Frames, actions: Floats) -> Tensor:
        """Observations (B, H, W, 3), actions (B, N, K, A) in pixels → embeddings (B, N, K, D).

        Raises InputError where the module returns something else.
        """
        batch, plans, steps, _ = actions.shape
        pixels = self._pixels(observations[:, None])[:, None].expand(-1, plans, -1, -1, -1, -1)
        scaled = (torch.from_numpy(np.ascontiguousarray(actions)) - self._action_mean) / self._action_deviation
        found = self._module.rollout({"pixels": pixels}, scaled).get("predicted_emb")
        # One embedding is the observation's own, and one follows each action.
        if not isinstance(found, Tensor) or found.ndim != 4 or found.shape[:3] != (batch, plans, steps + 1):
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InputError(
                f"{self.name}: rollout gave {shape} as predicted_emb, not {(batch, plans, steps + 1)} and a dimension: "
                f"this adapter is for stable-worldmodel {_WRITTEN_FOR}"
            )
        return found[:, :, 1:]

    @torch.inference_mode()
    def distance(self, states: Tensor, goals: Frames) -> Floats:
        """The squared distance that the package's own cost sums, at every step: (B, N, K); raises InputError."""
        goal = self._encoded(goals[:, None])[:, None]
        return np.asarray((states - goal).square().sum(-1).float().numpy(), dtype=np.float32)

    @torch.inference_mode()
    def features(self, clips: Frames) -> Floats:
        """The embedding of each frame by itself: (B, T, D); raises InputError where the module gives none."""
        return np.asarray(self._encoded(clips).float().numpy(), dtype=np.float32)

    def _encoded(self, clips: Frames) -> Tensor:
        found = self._module.encode({"pixels": self._pixels(clips)}).get("emb")
        if not isinstance(found, Tensor) or found.shape[:2] != clips.shape[:2]:
            raise InputError(f"{self.name}: encode gave no emb: this adapter is for stable-worldmodel {_WRITTEN_FOR}")
        return found

    def _pixels(self, clips: Frames) -> Tensor:
        """Frames (B, T, H, W, 3) → float (B, T, 3, side, side), as its training saw them."""
        flat = torch.from_numpy(np.ascontiguousarray(clips)).flatten(0, 1).movedim(-1, 1).float() / 255
        if flat.shape[-1] != self._side:
            flat = functional.interpolate(flat, size=(self._side, self._side), mode="bilinear", antialias=True)
        return ((flat - self._mean) / self._deviation).reshape(*clips.shape[:2], *flat.shape[1:])
