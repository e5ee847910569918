"""The kinds of world model, by name; each is imported when it is first used."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import msgspec

from steelyard.errors import InputError
from steelyard_world.learner import HasActionSize, Learner

__all__ = ["KINDS", "config_of", "make_learner"]

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "jepa": ("steelyard_world.models.jepa", "Jepa"),
        "jepa-map": ("steelyard_world.models.jepa_map", "JepaMap"),
        "vjepa": ("steelyard_world.models.vjepa.learner", "VJepa"),
        "pixel": ("steelyard_world.models.baselines.pixel", "Pixel"),
        "vq-gpt": ("steelyard_world.models.baselines.vq_gpt", "VqGpt"),
        "rssm": ("steelyard_world.models.baselines.rssm", "Rssm"),
        "untrained": ("steelyard_world.models.baselines.untrained", "Untrained"),
        "linear": ("steelyard_world.models.baselines.linear", "Linear"),
        "frame-buffer": ("steelyard_world.models.baselines.frame_buffer", "FrameBuffer"),
        "copy-last": ("steelyard_world.models.baselines.copy_last", "CopyLast"),
    }
)

_LARGEST = 65_536  # number in a config: layers of twice that would fill the memory before they fail
_NO_NETWORK = (RuntimeError, ValueError, TypeError, ArithmeticError, MemoryError, IndexError)


@runtime_checkable
class HasVideoDefaults(Protocol):
    """A class of configs with defaults of their own for plain video."""

    def for_video(self) -> msgspec.Struct:
        """Give the defaults for plain video."""
        ...


def make_learner(
    kind: str, config: Mapping[str, Any] | msgspec.Struct | None = None, action_size: int | None = None
) -> Learner:
    """Make an untrained learner; its initial weights come from torch's global generator.

    ``config`` is the kind's own record or a mapping of what differs from its defaults. ``action_size`` is the
    default of a mapping. Raises InputError for an unknown kind or setting, and for settings that make no network.
    """
    learner = _class_of(kind)
    settings = config if isinstance(config, msgspec.Struct) else config_of(kind, config or {}, action_size)
    if odd := _beyond(settings):
        raise InputError(f"{odd} is out of range for a world model of kind {kind}: {_as_json(settings)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, about empty tensors: refused below
            made: Learner = learner(settings)
    except _NO_NETWORK as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"no world model of kind {kind} can be made ({reason}): {_as_json(settings)}") from error
    acts = isinstance(settings, HasActionSize) and settings.action_size > 0
    if acts and any(weight.ndim > 1 and not weight.numel() for weight in made.parameters()):
        raise InputError(f"these settings make a world model of kind {kind} with empty layers: {_as_json(settings)}")
    return made


def config_of(kind: str, changed: Mapping[str, Any], action_size: int | None = None) -> Any:
    """Give the kind's settings with these changed; plain video starts from ``for_video``, if there is one.

    Raises InputError for an unknown kind or setting.
    """
    record = _class_of(kind).Config
    settings = dict(changed)
    if action_size is not None and "action_size" in record.__struct_fields__:
        settings.setdefault("action_size", action_size)
    if settings.get("action_size") == 0 and isinstance(record, HasVideoDefaults):
        settings = msgspec.to_builtins(record.for_video()) | settings
    try:
        return msgspec.convert(settings, record)
    except (msgspec.ValidationError, *_NO_NETWORK) as error:
        raise InputError(f"these settings do not make a world model of kind {kind}: {error}") from error


def _beyond(settings: Any) -> str:
    """Name the first number below 0 or too large for memory, as ``latent -1``; the kind itself checks the rest."""
    for name, value in msgspec.structs.asdict(settings).items():
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not 0 <= number <= _LARGEST:
                return f"{name} {number}"
    return ""


def _as_json(settings: Any) -> str:
    return msgspec.json.encode(settings).decode()[:500]


def _class_of(kind: str) -> Any:
    if kind not in KINDS:
        raise InputError(f"no kind of world model is called {kind!r}; choose one of {', '.join(KINDS)}")
    module, name = KINDS[kind]
    return getattr(importlib.import_module(module), name)
