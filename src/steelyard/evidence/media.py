"""The images of a run: each file is named by its own SHA-256, and by the samples that show it.

So a seal need not name them. What a file is named is what it must hold, the samples stand in ``texts/`` by their
digests, and those in the journal: an image can neither be changed, nor added where no sample shows it, nor left out
unseen. A sample that was asked names each by a SHA-256, at a place of its prompt, and by the type that its file has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.canonical import parse_canonical
from steelyard.evidence.digests import SIZE, DigestSet
from steelyard.evidence.forms import is_sha256

__all__ = ["ShownImages", "check_image", "images_in", "plan_shows_images"]

_SHOWS = '"images":[{'  # of a sample in its canonical form
_TYPES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}
_LONGEST = 12  # bytes by which a type is known
_KINDS = list(_TYPES)  # by one byte in what is remembered of a sample


def plan_shows_images(plan: Mapping[str, Any]) -> bool:
    """Whether a sealed plan (as JSON types) asks samples that show images."""
    measurements = plan.get("measurements", [])
    return isinstance(measurements, list) and any(
        isinstance(each, dict) and each.get("images") is True for each in measurements
    )


def images_in(text: str) -> Iterator[str]:
    """The SHA-256 of each image that a text shows, where it is a sample; none of any other text."""
    yield from _digests_in(_request_in(text))


def _request_in(text: str) -> Mapping[str, Any]:
    """The request of a text that is a sample which shows images; empty for any other text."""
    if _SHOWS not in text:
        return {}
    try:
        request = parse_canonical(text.encode())["request"]
        return request if isinstance(request["images"], list) else {}
    except (ValueError, KeyError, TypeError):
        return {}


def _digests_in(request: Mapping[str, Any]) -> Iterator[str]:
    for image in request.get("images", ()):
        digest = image.get("sha256") if isinstance(image, dict) else None
        if isinstance(digest, str) and is_sha256(digest):
            yield digest


def _types_in(request: Mapping[str, Any]) -> bytes | None:
    """The types of a request's images, a byte each; None where one cannot be an image, or stands at no place."""
    kinds, begun, prompt = bytearray(), 0, request.get("prompt")
    for image in request.get("images", ()):
        if not isinstance(image, dict) or not isinstance(prompt, str):
            return None
        at, digest, media_type = image.get("at", 0), image.get("sha256"), image.get("media_type")
        if type(at) is not int or not begun <= at <= len(prompt) or media_type not in _KINDS:
            return None
        if not isinstance(digest, str) or not is_sha256(digest):
            return None
        kinds.append(_KINDS.index(media_type))
        begun = at
    return bytes(kinds)


def check_image(run: Path, name: str) -> None:
    """Check a file of ``media/`` against its name, a piece at a time; raises VerificationError, naming it."""
    digest, _ = layout.digest_and_lines(run, name)
    if layout.media_of(digest) != name:
        raise VerificationError(f"{name}: was changed: it does not have the SHA-256 that it is filed under")


def _is_of(media_type: str, begins: bytes) -> bool:
    return begins.startswith(_TYPES[media_type]) and (media_type != "image/webp" or begins[8:12] == b"WEBP")


class ShownImages:
    """Which images the texts of a run show, and whether they are all there is in ``media/``."""

    def __init__(self) -> None:
        self._by_texts = DigestSet()
        self._by_samples = bytearray()  # a text's digest, that of an image that it shows, and its type, for each
        self._odd = bytearray()  # digests of texts that name what can be no image

    def take(self, digest: bytes, text: str) -> None:
        """Take the next text."""
        request = _request_in(text)
        for shown in _digests_in(request):
            self._by_texts.add(bytes.fromhex(shown))
        if (kinds := _types_in(request)) is None:
            self._odd += digest
            return
        for image, kind in zip(request.get("images", ()), kinds, strict=True):
            self._by_samples += digest + bytes.fromhex(image["sha256"]) + bytes([kind])

    def check(self, run: Path, asked: DigestSet) -> tuple[int, str]:
        """Check every file of ``media/``: the number of images that ``asked`` samples show and that are not there.

        With it the SHA-256 of one of them. Raises VerificationError for a file that is not what its name or the sample
        says, for one that no sample in ``texts/`` shows, and for a sample that names what can be no image.
        """
        here, kinds = DigestSet(), dict[bytes, bytes]()
        for name in layout.run_files(run):
            if not name.startswith(layout.MEDIA):
                continue
            if not layout.is_media(name):
                raise VerificationError(f"{name}: is not the SHA-256 of an image, which every file there is called")
            check_image(run, name)
            digest = bytes.fromhex(name.removeprefix(layout.MEDIA))
            if digest not in self._by_texts:
                raise VerificationError(f"{name}: was added: no sample in {layout.TEXTS} shows this image")
            here.add(digest)
            with layout.open_regular(run, name) as file:
                kinds[digest] = file.read(_LONGEST)
        for start in range(0, len(self._odd), SIZE):
            if (text := bytes(self._odd[start : start + SIZE])) in asked:
                raise VerificationError(
                    f"{layout.TEXTS}: the sample {text.hex()[:16]}… names an image by no SHA-256 or type, or at no "
                    "place of its prompt"
                )
        wanted = DigestSet()
        for start in range(0, len(self._by_samples), 2 * SIZE + 1):
            text, image = (bytes(self._by_samples[at : at + SIZE]) for at in (start, start + SIZE))
            if text not in asked:
                continue
            wanted.add(image)
            media_type = _KINDS[self._by_samples[start + 2 * SIZE]]
            if image in kinds and not _is_of(media_type, kinds[image]):
                raise VerificationError(
                    f"{layout.MEDIA}{image.hex()}: is no {media_type}, as the sample says that it is"
                )
        absent = list(wanted.without(here))
        return len(absent), absent[0].hex() if absent else ""
