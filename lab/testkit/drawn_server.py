"""An endpoint on loopback that reads the shapes of ``diagram_counting``: it decodes each PNG and counts what it sees.

It knows no answer beforehand but those that it holds by heart, by the digest of the image's file. Of lines between
points it understands nothing, and says 1.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import numpy as np
from aiohttp import web
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull

from bench.drawn_images import pixels_of
from steelyard.tasks.generators.diagram_counting import COLOURS
from testkit.fixtures import SumsServer

_ASKED = re.compile(
    r"How many (?:shapes that are not (?P<no>\w+)|(?P<any>\w+)s of any colour|(?P<colour>\w+) (?P<shape>\w+)s) "
    r"are there"
)


def shapes_of(pixels: NDArray[np.uint8]) -> Iterator[tuple[str, str]]:
    """Colour and shape of each patch of a named colour."""
    red, green, blue = np.moveaxis(pixels.astype(np.uint32), 2, 0)
    codes = red << 16 | green << 8 | blue
    for colour, code in COLOURS.items():
        patches, _ = ndimage.label(codes == int(code[1:], 16))
        for number, place in enumerate(ndimage.find_objects(patches), 1):
            points = np.argwhere(patches[place] == number)
            if len(points) > 60:
                yield colour, _shape(points)


def _shape(points: NDArray[np.int64]) -> str:
    """By how much of its convex hull, and of the circle around it, a patch fills."""
    if len(points) < 0.8 * ConvexHull(points).volume:
        return "star"
    far = np.hypot(*(points - points.mean(axis=0)).T).max()
    filled = len(points) / (np.pi * far**2)
    return "circle" if filled > 0.82 else "square" if filled > 0.53 else "triangle"


def counted(text: str, image: bytes) -> str:
    """The answer of somebody who looks."""
    asked = _ASKED.search(text)
    if asked is None:
        return "1"
    found = list(shapes_of(pixels_of(image)))
    if asked["no"]:
        return str(sum(colour != asked["no"] for colour, _ in found))
    if asked["any"]:
        return str(sum(shape == asked["any"] for _, shape in found))
    return str(sum(colour == asked["colour"] and asked["shape"] in (shape, "shape") for colour, shape in found))


class CountingServer(SumsServer):
    """Counts; ``by_heart`` are answers by the image's SHA-256. ``sees``: it takes images at all."""

    def __init__(self, by_heart: Mapping[str, str] | None = None, *, sees: bool = True) -> None:
        super().__init__()
        self.name, self.by_heart, self.sees = "counts", dict(by_heart or {}), sees

    def _routes(self, app: web.Application) -> None:
        app._client_max_size = 1 << 24

    async def _chat(self, request: web.Request) -> web.Response:
        content = json.loads(await request.text())["messages"][-1]["content"]
        parts: Any = [{"type": "text", "text": content}] if isinstance(content, str) else content
        urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        if urls and not self.sees:
            return web.json_response({"error": {"message": "this model sees nothing"}}, status=400)
        images = [base64.b64decode(url.partition(",")[2], validate=True) for url in urls]
        text = "".join(part["text"] for part in parts if part["type"] == "text")
        answer = "Hello to you"
        if images and "How many" in text:
            answer = self.by_heart.get(sha256(images[0]).hexdigest()) or counted(text, images[0])
        usage = {"prompt_tokens": 9 + 258 * len(images), "completion_tokens": 2}
        choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        return web.json_response({"id": "x", "model": self.name, "choices": [choice], "usage": usage})
