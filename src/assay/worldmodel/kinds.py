"""The kinds of world model, by name; each is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from assay.errors import InputError
from assay.worldmodel.learner import Learner

__all__ = ["KINDS", "config_of", "make_learner"]

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "jepa": ("assay.worldmodel.jepa", "Jepa"),
        "jepa-map": ("assay.worldmodel.mapped", "MappedJepa"),
        "vjepa": ("assay.worldmodel.vjepa.learner", "VJepa"),
        "pixel": ("assay.worldmodel.baselines.pixel", "Pixel"),
        "vq-gpt": ("assay.worldmodel.baselines.vq_gpt", "VqGpt"),
        "rssm": ("assay.worldmodel.baselines.rssm", "Rssm"),
        "untrained": ("assay.worldmodel.baselines.untrained", "Untrained"),
        "copy-last": ("assay.worldmodel.baselines.copy_last", "CopyLast"),
    }
)


def make_learner(
    kind: str, config: Mapping[str, Any] | msgspec.Struct | None = None, action_size: int | None = None
) -> Learner:
    """Make an untrained learner; its initial weights come from torch's global generator.

    ``config`` is the kind's own record or a mapping of what differs from its defaults. ``action_size`` fills in what a
    mapping does not say. Raises InputError for an unknown kind or setting.
    """
    learner = _class_of(kind)
    settings = config if isinstance(config, msgspec.Struct) else config_of(kind, config or {}, action_size)
    made: Learner = learner(settings)
    return made


def config_of(kind: str, changed: Mapping[str, Any], action_size: int | None = None) -> Any:
    """Give the kind's record of settings with these changed; plain video starts from ``for_video``, if there is one."""
    record = _class_of(kind).Config
    settings = dict(changed)
    if action_size is not None and "action_size" in record.__struct_fields__:
        settings.setdefault("action_size", action_size)
    if settings.get("action_size") == 0 and hasattr(record, "for_video"):
        settings = msgspec.to_builtins(record.for_video()) | settings
    try:
        return msgspec.convert(settings, record)
    except msgspec.ValidationError as error:
        raise InputError(f"these settings do not make a world model of kind {kind}: {error}") from error


def _class_of(kind: str) -> Any:
    if kind not in KINDS:
        raise InputError(f"no kind of world model is called {kind!r}; there are {', '.join(KINDS)}")
    module, name = KINDS[kind]
    return getattr(importlib.import_module(module), name)
