"""Prompts with images for a model of transformers that sees them, made by its own processor."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from steelyard.models.chat_template import ChatTemplate
from steelyard.models.content_parts import parts_of
from steelyard.models.transformers_decoder import TransformersDecoder
from steelyard.util.picture_size import pixels_of
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from steelyard.records import GenerateRequest, Image

__all__ = ["MAX_PIXELS", "REQUEST_PIXELS", "ProcessorReader"]

MAX_PIXELS: Final = 50_000_000  # of one image: 150 MB decoded
REQUEST_PIXELS: Final = 100_000_000  # of all images of a request, which the processor is given at once


class ProcessorReader:
    """``processor`` of transformers; what it makes of texts and images is decoded in one piece, alone."""

    def __init__(self, processor: Any, decoder: TransformersDecoder, device: Any) -> None:
        self._processor, self._decoder, self._device = processor, decoder, device

    def read(self, request: GenerateRequest, template: ChatTemplate) -> tuple[int, NDArray[np.float32]]:
        """Give the number of the prompt's tokens, those that stand for images among them, and the logits after it.

        Raises ValueError (one line) for a plain prompt, a text that names a control token, an image that Pillow cannot
        read or that is too large, and a prompt that the processor refuses or that does not fit.
        """
        if not request.chat:
            raise ValueError("this model shows images in a chat alone")
        parts = parts_of(request)
        texts = [request.system, *(turn.text for turn in request.history), *(p for p in parts if isinstance(p, str))]
        for text in texts:
            self._check_plain(text)
        shown = template.text_with_images(
            request.system, [part if isinstance(part, str) else None for part in parts], request.history
        )
        images = _pictures(request.images)
        try:
            inputs = self._processor(text=shown, images=images, add_special_tokens=False, return_tensors="pt")
        except Exception as error:  # each model has a processor of its own
            raise ValueError(f"the model's processor refuses: {one_line(str(error), 200)}") from error
        return self._decoder.begin({name: value.to(self._device) for name, value in inputs.items()})

    def _check_plain(self, text: str) -> None:
        """The processor reads one text, in which a question's control token could not be told from the template's."""
        for token in self._decoder.tokenise(text, control=True):
            if self._decoder.is_control(token):
                raise ValueError(
                    "the text names one of the model's control tokens, which beside images cannot be asked"
                )


def _pictures(images: Sequence[Image]) -> list[Any]:
    """All images of a request, decoded after the headers of all were read."""
    pixels = sum(pixels_of(image.data) or 0 for image in images)
    pixels = pixels if pixels > REQUEST_PIXELS else sum(_pixels_by_pillow(image) for image in images)
    if len(images) > 1 and pixels > REQUEST_PIXELS:
        raise ValueError(f"the request's {len(images)} images have {pixels:,} pixels, more than {REQUEST_PIXELS:,}")
    return [_picture(image) for image in images]


def _pixels_by_pillow(image: Image) -> int:
    """What Pillow will decode, whatever else a header says; 0 where it reads none, which :func:`_picture` reports."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(io.BytesIO(image.data)) as opened:
            return opened.width * opened.height
    except Exception:  # as in _picture
        return 0


def _picture(image: Image) -> Any:
    from PIL import Image as Pillow

    try:
        opened = Pillow.open(io.BytesIO(image.data))
        is_huge = opened.width * opened.height > MAX_PIXELS
        picture = None if is_huge else opened.convert("RGB")
    except Exception as error:  # Pillow raises of any kind for a file that is broken on purpose
        said = one_line(str(error), 120) or type(error).__name__
        raise ValueError(f"an image cannot be read ({said})") from error
    if is_huge:
        raise ValueError(f"an image of {opened.width} × {opened.height} pixels is more than {MAX_PIXELS:,} pixels")
    return picture
