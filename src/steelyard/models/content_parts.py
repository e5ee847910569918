"""The parts of a message: texts and images in the order in which a model is to see them, and those of a reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.records import GenerateRequest, Image

__all__ = ["of_kind", "parts_of"]


def parts_of(request: GenerateRequest) -> list[str | Image]:
    """Prefix and prompt, with each image at its place: the texts joined are the whole text again; none is empty.

    Raises ValueError for an image that stands outside the prompt, or before the one that precedes it.
    """
    parts: list[str | Image] = []
    text, begun = request.prefix, 0
    for image in request.images:
        if not begun <= image.at <= len(request.prompt):
            raise ValueError("an image stands outside the prompt, or out of order")
        text += request.prompt[begun : image.at]
        parts += [text, image] if text else [image]
        text, begun = "", image.at
    text += request.prompt[begun:]
    return [*parts, text] if text else parts


def of_kind(parts: list[Any], kind: str) -> list[Mapping[str, Any]]:
    """The parts of a reply whose ``type`` is this; what is no JSON object is none."""
    return [part for part in parts if isinstance(part, Mapping) and part.get("type") == kind]
