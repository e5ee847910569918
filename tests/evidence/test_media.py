"""Images by their own digest: which ones the samples of a run show, and that these are there, whole, and alone."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pytest

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.digests import DigestSet
from steelyard.evidence.media import _KINDS, ShownImages, _is_of, check_image, images_in, plan_shows_images
from steelyard.records.images import MediaType, media_type_of

ONE, OTHER = b"\x89PNG\r\n\x1a\n one", b"\x89PNG\r\n\x1a\n other"


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def sample(*images: bytes) -> str:
    shown = [{"media_type": "image/png", "sha256": digest(each)} for each in images]
    request = {"images": shown, "kind": "generate", "prompt": "?"} if shown else {"kind": "generate", "prompt": "?"}
    return json.dumps({"id": "x", "request": request, "target": "1"}, separators=(",", ":"))


def run_with(folder: Path, *images: bytes) -> Path:
    (folder / "media").mkdir(parents=True)
    for each in images:
        (folder / "media" / digest(each)).write_bytes(each)
    return folder


def checked(run: Path, *texts: str, asked: int | None = None) -> tuple[int, str]:
    shown, items = ShownImages(), DigestSet()
    for number, text in enumerate(texts):
        name = sha256(text.encode()).digest()
        shown.take(name, text)
        if asked is None or number < asked:
            items.add(name)
    return shown.check(run, items)


def test_what_a_sample_shows() -> None:
    assert list(images_in(sample(ONE, OTHER, ONE))) == [digest(ONE), digest(OTHER), digest(ONE)]
    assert list(images_in(sample())) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        'I see "images":[{ and stop',
        '{"request":{"images":[{"sha256":"../../etc/passwd"}]}}',
        '{"request":{"images":[{"sha256":7},{}]}}',
        '{"request":["images"],"x":"\\"images\\":[{"}',
        '["request","images",{"images":[{}]}]',
        '{"request": {"images":[{"sha256":"' + "a" * 64 + '"}]}}',  # not canonical, so no sample of ours
    ],
)
def test_other_texts_show_nothing(text: str) -> None:
    assert list(images_in(text)) == []


def test_all_are_there(tmp_path: Path) -> None:
    assert checked(run_with(tmp_path, ONE, OTHER), sample(ONE), sample(ONE, OTHER)) == (0, "")


def test_one_is_missing(tmp_path: Path) -> None:
    assert checked(run_with(tmp_path, ONE), sample(ONE, OTHER)) == (1, digest(OTHER))


def changed(**fields: object) -> str:
    """A sample whose image has other fields."""
    document = json.loads(sample(ONE))
    document["request"]["images"][0] |= fields
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


NO_IMAGES = [
    {"sha256": "zz"}, {"sha256": ""}, {"sha256": digest(ONE).upper()}, {"sha256": "../../../etc/passwd"},
    {"at": -9}, {"at": 2}, {"at": 10**9}, {"at": True}, {"media_type": "image/svg+xml"}, {"media_type": None},
]  # fmt: skip


@pytest.mark.parametrize("fields", NO_IMAGES)
def test_a_sample_that_was_asked_names_what_can_be_an_image(fields: dict[str, object], tmp_path: Path) -> None:
    """Otherwise the file could be left out unseen."""
    with pytest.raises(VerificationError, match="names an image by no SHA-256 or type, or at no place of its prompt"):
        checked(run_with(tmp_path), changed(**fields))
    assert checked(tmp_path, sample(), changed(**fields), asked=1) == (0, "")  # an answer may say what it likes


def test_images_stand_in_their_order(tmp_path: Path) -> None:
    document = json.loads(sample(ONE, OTHER))
    for first, second, holds in ((0, 1, True), (1, 1, True), (1, 0, False)):
        for image, at in zip(document["request"]["images"], (first, second), strict=True):
            image["at"] = at
        text = json.dumps(document, separators=(",", ":"), sort_keys=True)
        run = run_with(tmp_path / f"{first}{second}", ONE, OTHER)
        if holds:
            assert checked(run, text) == (0, "")
        else:
            with pytest.raises(VerificationError, match="at no place of its prompt"):
                checked(run, text)


def test_a_file_has_the_type_that_the_sample_says(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=rf"media/{digest(ONE)}: is no image/jpeg, as the sample says"):
        checked(run_with(tmp_path, ONE), changed(media_type="image/jpeg"))


@pytest.mark.parametrize(
    "begins", [ONE, b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WEBPVP8 ", b"RIFF\0\0\0\0WAVE", b"<svg/>", b""]
)
def test_types_are_those_of_the_records(begins: bytes) -> None:
    """This package imports nothing of the others, and has the table again."""
    found = [each for each in get_args(MediaType) if _is_of(each, begins)]
    assert found == ([kind] if (kind := media_type_of(begins)) else [])
    assert list(get_args(MediaType)) == _KINDS


def test_what_an_answer_claims_to_show_is_not_missing(tmp_path: Path) -> None:
    """A model may write what looks like a sample of ours."""
    assert checked(run_with(tmp_path, ONE), sample(ONE), sample(OTHER), asked=1) == (0, "")


def test_what_was_sent_before_a_kill_may_be_there(tmp_path: Path) -> None:
    """Its sample stands in texts/, and no attempt names it: it was not answered, and never asked again."""
    assert checked(run_with(tmp_path, ONE, OTHER), sample(ONE), sample(OTHER), asked=1) == (0, "")


def test_one_that_nothing_shows(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=rf"media/{digest(OTHER)}: was added: no sample in texts/ shows"):
        checked(run_with(tmp_path, ONE, OTHER), sample(ONE))


def test_one_that_was_changed(tmp_path: Path) -> None:
    run = run_with(tmp_path, ONE)
    (run / "media" / digest(ONE)).write_bytes(OTHER)
    with pytest.raises(VerificationError, match=rf"media/{digest(ONE)}: was changed"):
        checked(run, sample(ONE))


def test_one_with_a_name_that_is_no_digest(tmp_path: Path) -> None:
    run = run_with(tmp_path, ONE)
    (run / "media" / "one.png").write_bytes(ONE)
    with pytest.raises(VerificationError, match=r"media/one\.png: is not the SHA-256 of an image"):
        checked(run, sample(ONE))


def test_links_pipes_folders_and_bombs(tmp_path: Path) -> None:
    name = digest(ONE)
    for kind, reason in (("link", "a link"), ("pipe", "not a regular file"), ("folder", "does not belong to a run")):
        run = run_with(tmp_path / kind)
        place = run / "media" / name
        {"link": lambda p: p.symlink_to("/etc/passwd"), "pipe": os.mkfifo, "folder": os.mkdir}[kind](place)
        with pytest.raises(VerificationError, match=reason):
            checked(run, sample(ONE))
    run = run_with(tmp_path / "bomb")
    with (run / "media" / name).open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(VerificationError, match=f"larger than {layout.MAX_MEDIA_BYTES} bytes"):
        check_image(run, layout.media_of(name))


def test_whether_a_plan_shows_any() -> None:
    assert plan_shows_images({"measurements": [{"id": "a"}, {"id": "b", "images": True}]})
    for measurements in ([], "x", [{"images": "yes"}, 7]):
        assert not plan_shows_images({"measurements": measurements})
    assert not plan_shows_images({})


def test_names_of_images() -> None:
    assert layout.is_media(layout.media_of("0" * 64))
    for name in ("media/x", "media/" + "A" * 64, "media/" + "0" * 63, "texts/" + "0" * 64, "media/../" + "0" * 64):
        assert not layout.is_media(name)
        assert name.startswith("texts") or not layout.is_sealable(name)
    assert not layout.is_sealable(layout.media_of("0" * 64))
