"""The images of a run while it is asked: none for a plan that shows none, and what went missing is put back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from steelyard.auditing.images import check_as_sealed, open_media
from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.planning.samples import Prepared, digests_of
from steelyard.records import GenerateRequest, Image, Plan, Sample
from steelyard.storage.journal.texts import Texts
from testkit.plans import measurement, plan
from testkit.vision_server import picture


def sample(number: int, data: bytes) -> Sample:
    shown = Image(sha256=sha256(data).hexdigest(), media_type="image/png", data=data)
    return Sample(id=f"x/{number}", request=GenerateRequest(prompt="?", images=(shown,)), target="1")


SAMPLES = [sample(number, picture(number)) for number in range(3)]


def prepared(*, images: bool) -> tuple[Plan, Mapping[str, Prepared]]:
    made = measurement(id="00-x", population=3, images=images)
    digests, _ = digests_of(SAMPLES)
    return plan(made), {"00-x": Prepared(made, SAMPLES, digests)}


def opened(run: Path, *, images: bool, resumed: bool = False) -> set[str]:
    asked, by_id = prepared(images=images)

    async def keep() -> None:
        media = await open_media(run, asked, by_id, resumed=resumed)
        assert (media is not None) is images
        if media is not None:
            media.close()

    asyncio.run(keep())
    return {path.name for path in (run / "media").iterdir()} if (run / "media").is_dir() else set()


def test_a_plan_without_images_keeps_none(tmp_path: Path) -> None:
    assert opened(tmp_path, images=False) == set()


def test_a_new_run_keeps_each_when_it_is_asked(tmp_path: Path) -> None:
    assert opened(tmp_path, images=True) == set()


def test_a_resumed_run_puts_back_what_its_answered_samples_show(tmp_path: Path) -> None:
    texts = Texts(tmp_path)
    for each in SAMPLES[:2]:
        texts.add(canonical(each).decode())
    texts.close()
    expected = {sha256(picture(number)).hexdigest() for number in range(2)}
    assert opened(tmp_path, images=True, resumed=True) == expected


def test_a_sample_whose_image_changed_is_not_asked() -> None:
    _, by_id = prepared(images=True)
    check_as_sealed(by_id["00-x"], 1, sha256_hex(canonical(SAMPLES[1])))
    with pytest.raises(InputError, match="x/1: an image was changed since the plan was sealed"):
        check_as_sealed(by_id["00-x"], 1, sha256_hex(canonical(sample(1, picture(9)))))
