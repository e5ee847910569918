"""Equal sizes: solves for the width at which a rival has as many trained parameters as a JEPA."""

from __future__ import annotations

from typing import Any

import msgspec
import torch

from steelyard_world.models.kinds import config_of, make_learner

__all__ = ["like_jepa", "trained_parameters"]

_NARROWEST = 8


def trained_parameters(kind: str, config: Any) -> int:
    """Count the parameters that an optimiser changes, decoders and inverse dynamics included.

    Slow targets are copies and do not count; the untrained network has 0. Raises InputError as
    :func:`steelyard_world.models.kinds.make_learner`.
    """
    with torch.random.fork_rng(devices=[]):
        learner = make_learner(kind, config)
    return sum(parameter.numel() for parameter in learner.parameters() if parameter.requires_grad)


def like_jepa(kind: str, action_size: int, jepa: Any = None) -> Any:
    """Give the kind's config with ``head``, the width of the dense layers, solved for equal size.

    ``jepa``: the JepaConfig to match, else its default. A kind without ``head`` keeps its default config. Raises
    InputError for an unknown kind.
    """
    config = config_of(kind, {}, action_size)
    if kind in ("jepa", "untrained"):
        return config if jepa is None else jepa
    if "head" not in config.__struct_fields__:
        return config
    wanted = trained_parameters("jepa", config_of("jepa", {}, action_size) if jepa is None else jepa)
    least = trained_parameters(kind, msgspec.structs.replace(config, head=_NARROWEST))
    each = trained_parameters(kind, msgspec.structs.replace(config, head=_NARROWEST + 1)) - least  # it is linear in it
    return msgspec.structs.replace(config, head=_NARROWEST + max(0, round((wanted - least) / each)))
