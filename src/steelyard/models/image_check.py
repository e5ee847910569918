"""Whether a model takes images: a greeting of ours with a small picture of ours, and no sample.

Some servers take a message with an image and leave the image out, and a model that was shown nothing must not be judged
by what it says of it. So the same greeting is sent without the picture, too: where the endpoint counts the tokens of
both, the picture must have some.
"""

from __future__ import annotations

import struct
import zlib
from hashlib import sha256
from typing import Final

import msgspec

from steelyard.models.http_endpoint import is_too_large
from steelyard.models.patience import pause_after
from steelyard.plugins import Model
from steelyard.records import GenerateRequest, Image, ModelOutput, Outcome

__all__ = ["images_taken"]

NO_IMAGES: Final = "this kind of model takes none"
_ATTEMPTS: Final = 3
_TOKENS: Final = (1, 16, 1024)  # the first that is enough, as in the handshake
_SIDE: Final = 64  # pixels; some models refuse what is smaller than one of their patches, 28 wide


async def images_taken(model: Model) -> tuple[bool, str]:
    """Whether a model takes images, and why not. A model that takes some says so itself (``takes_images``)."""
    if not getattr(model, "takes_images", False):
        return False, NO_IMAGES
    greeting = GenerateRequest(prompt="Hello", chat=True)
    plain = await _greeted(model, greeting)
    if not plain.outcome.answered or is_too_large(plain):
        return False, f"it answers no chat: {plain.detail or plain.outcome.value}"
    shown = await _greeted(model, msgspec.structs.replace(greeting, images=(_picture(),)))
    if not shown.outcome.answered or is_too_large(shown):
        return False, f"it refuses one: {shown.detail or shown.outcome.value}"
    if 0 < shown.prompt_tokens <= plain.prompt_tokens:
        return False, "it counts no token for one, so it may leave images out"
    return True, ""


async def _greeted(model: Model, greeting: GenerateRequest) -> ModelOutput:
    output = ModelOutput(outcome=Outcome.DROPPED)
    for tokens in _TOKENS:
        output = await _patiently(model, msgspec.structs.replace(greeting, max_tokens=tokens))
        if output.outcome is not Outcome.CLIENT_ERROR or "token" not in output.detail.lower():
            break
    return output


async def _patiently(model: Model, greeting: GenerateRequest) -> ModelOutput:
    output = ModelOutput(outcome=Outcome.DROPPED)
    for attempt in range(_ATTEMPTS):
        output = await model.generate(greeting)
        if not output.outcome.retryable or output.fatal:
            break
        await pause_after(output, attempt)
    return output


def _picture() -> Image:
    """A PNG of one colour, after the word that it illustrates."""
    rows = (b"\0" + b"\x2f\x6f\xb7" * _SIDE) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    return Image(sha256=sha256(data).hexdigest(), media_type="image/png", at=len("Hello"), data=data)
