"""The images of a run: each file is named by its own SHA-256, and by the samples that show it.

So a seal need not name them. What a file is named is what it must hold, the samples stand in ``texts/`` by their
digests, and those in the journal: an image can neither be changed, nor added where no sample shows it, nor left out
unseen.
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


def plan_shows_images(plan: Mapping[str, Any]) -> bool:
    """Whether a sealed plan (as JSON types) asks samples that show images."""
    measurements = plan.get("measurements", [])
    return isinstance(measurements, list) and any(
        isinstance(each, dict) and each.get("images") is True for each in measurements
    )


def images_in(text: str) -> Iterator[str]:
    """The SHA-256 of each image that a text shows, where it is a sample; none of any other text."""
    if _SHOWS not in text:
        return
    try:
        sample = parse_canonical(text.encode())
        images = sample["request"]["images"]
    except (ValueError, KeyError, TypeError):
        return
    for image in images if isinstance(images, list) else ():
        digest = image.get("sha256") if isinstance(image, dict) else None
        if isinstance(digest, str) and is_sha256(digest):
            yield digest


def check_image(run: Path, name: str) -> None:
    """Check a file of ``media/`` against its name, a piece at a time; raises VerificationError, naming it."""
    digest, _ = layout.digest_and_lines(run, name)
    if layout.media_of(digest) != name:
        raise VerificationError(f"{name}: was changed: it does not have the SHA-256 that it is filed under")


class ShownImages:
    """Which images the texts of a run show, and whether they are all there is in ``media/``."""

    def __init__(self) -> None:
        self._by_texts = DigestSet()
        self._by_samples = bytearray()  # a text's digest, and that of an image that it shows, for each

    def take(self, digest: bytes, text: str) -> None:
        """Take the next text."""
        for shown in images_in(text):
            image = bytes.fromhex(shown)
            self._by_texts.add(image)
            self._by_samples += digest + image

    def check(self, run: Path, asked: DigestSet) -> tuple[int, str]:
        """Check every file of ``media/``: the number of images that ``asked`` samples show and that are not there.

        With it the SHA-256 of one of them. Raises VerificationError for a file that is not what its name says, and for
        one that no sample in ``texts/`` shows.
        """
        here = DigestSet()
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
        wanted = DigestSet()
        for start in range(0, len(self._by_samples), 2 * SIZE):
            text = bytes(self._by_samples[start : start + SIZE])
            if text in asked:
                wanted.add(bytes(self._by_samples[start + SIZE : start + 2 * SIZE]))
        absent = list(wanted.without(here))
        return len(absent), absent[0].hex() if absent else ""
