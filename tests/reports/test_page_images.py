"""Images in the page of answers: three types, bounded, described; what is broken or withheld says so."""

from __future__ import annotations

import base64
from hashlib import sha256

from steelyard.errors import VerificationError
from steelyard.records.images import MediaType
from steelyard.reports import page_images
from steelyard.reports.page_images import PageImage, Pictures
from testkit.vision_server import picture


def image(data: bytes, kind: MediaType = "image/png") -> PageImage:
    return PageImage(kind, sha256(data).hexdigest(), len(data), lambda: data)


def test_a_picture_is_in_the_page() -> None:
    data, pictures = picture(5), Pictures()
    (shown,) = pictures.shown((image(data),))
    assert shown.uri == "data:image/png;base64," + base64.b64encode(data).decode()
    assert shown.words == f"Image 1: PNG, {len(data)} bytes, media/{sha256(data).hexdigest()}"
    assert pictures.inside == 1


def test_what_is_no_picture_of_its_type_is_not() -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    png, pictures = picture(5), Pictures()
    for each in (image(svg), image(png, "image/jpeg"), image(png[:20]), image(png[:8])):
        (shown,) = pictures.shown((each,))
        assert (shown.uri, shown.words.endswith("(broken)")) == ("", True)
    assert pictures.inside == 0


def test_a_bomb_is_not() -> None:
    data = picture(1)
    bomb = data[:16] + (60_000).to_bytes(4, "big") * 2 + data[24:]
    (shown,) = Pictures().shown((image(bomb),))
    assert shown.uri == ""
    assert shown.words.endswith("(not in this page: 3,600,000,000 pixels)")


def test_a_page_has_room_for_so_many(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(page_images, "PAGE_BYTES", 150)
    pictures = Pictures()
    shown = pictures.shown((image(picture(1)), image(picture(2)), image(picture(3))))
    assert [bool(each.uri) for each in shown] == [True, True, False]
    assert shown[2].words.endswith("(not in this page: too large for it)")


def test_a_page_may_have_less_room() -> None:
    shown = Pictures(100).shown((image(picture(1)), image(picture(2))))
    assert [bool(each.uri) for each in shown] == [True, False]


def test_many_small_files_of_many_pixels_have_an_end() -> None:
    data = picture(1)
    large = data[:16] + (6_000).to_bytes(4, "big") * 2 + data[24:]
    pictures = Pictures()
    shown = [each for _ in range(20) for each in pictures.shown((image(large),))]
    assert [bool(each.uri) for each in shown] == [True] * 5 + [False] * 15
    assert pictures.inside == 5
    assert shown[-1].words.endswith("(not in this page: 36,000,000 pixels)")
    assert pictures.shown((image(data),))[0].uri


def test_what_is_withheld_or_was_changed() -> None:
    withheld = PageImage("image/webp", "ab" * 32, None, lambda: None)

    def changed() -> bytes:
        raise VerificationError("media/ab: was changed")

    shown = Pictures().shown((withheld, PageImage("image/webp", "ab" * 32, 10, changed)))
    assert shown[0].words == f"Image 1: WEBP, withheld, SHA-256 {'ab' * 32}"
    assert "was changed" in shown[1].words
    assert [each.uri for each in shown] == ["", ""]
