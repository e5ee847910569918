"""Images on the disk: once each, before anything is recorded of them, for their owner; a kill's rest is mended."""

from __future__ import annotations

import asyncio
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from steelyard.errors import InputError, StorageError, VerificationError
from steelyard.evidence.canonical import canonical
from steelyard.records import GenerateRequest, Image, Sample
from steelyard.storage.journal.media import Media, image_at, size_at
from steelyard.storage.journal.texts import Texts
from steelyard.storage.store import FolderStore

FILES = [b"\x89PNG\r\n\x1a\n" + bytes([number]) * 100 for number in range(5)]


def image(data: bytes) -> Image:
    return Image(sha256=sha256(data).hexdigest(), media_type="image/png", data=data)


def kept(run: Path, *files: bytes) -> None:
    async def keep() -> None:
        media = Media(run)
        await asyncio.gather(*(media.keep([image(each), image(each)]) for each in files))
        media.sync()
        media.close()

    asyncio.run(keep())


def written(run: Path, *files: bytes) -> None:
    """The samples that show these, in the run's texts."""
    texts = Texts(run)
    for data in files:
        shown = GenerateRequest(prompt="?", images=(image(data),))
        texts.add(canonical(Sample(id="x", request=shown, target="1")).decode())
    texts.close()


def names(run: Path) -> set[str]:
    return {path.name for path in (run / "media").iterdir()}


def test_each_is_there_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    kept(tmp_path, *FILES, *FILES)
    assert names(tmp_path) == {image(each).sha256 for each in FILES}
    assert stat.S_IMODE((tmp_path / "media").stat().st_mode) == 0o700
    for each in FILES:
        path = tmp_path / "media" / image(each).sha256
        assert path.read_bytes() == each
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert image_at(tmp_path, image(each).sha256) == each
        assert size_at(tmp_path, image(each).sha256) == len(each)


def test_a_run_without_images_has_no_folder(tmp_path: Path) -> None:
    kept(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_there_is_not_written_again_unless_it_was_changed(tmp_path: Path) -> None:
    kept(tmp_path, FILES[0], FILES[1])
    one, other = (tmp_path / "media" / image(each).sha256 for each in FILES[:2])
    before = one.stat().st_ino
    other.write_bytes(FILES[1][:20])
    kept(tmp_path, FILES[0], FILES[1])
    assert one.stat().st_ino == before
    assert other.read_bytes() == FILES[1]


def test_one_without_its_bytes(tmp_path: Path) -> None:
    named = Image(sha256="ab" * 32, media_type="image/png")
    media = Media(tmp_path)
    with pytest.raises(InputError, match="came without its bytes"):
        asyncio.run(media.keep([named]))
    media.close()


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("in the way")
    media = Media(tmp_path)
    with pytest.raises(OSError, match=r"media"):
        asyncio.run(media.keep([image(FILES[0])]))
    media.close()


def test_what_begins_beside_the_request_is_told_when_it_is_awaited(tmp_path: Path) -> None:
    async def ask() -> None:
        media = Media(tmp_path)
        begun = media.begin([image(each) for each in FILES])
        assert [each.done() for each in begun] == [False] * len(FILES)
        assert len(media.begin([image(FILES[0])])) == 1  # of the call before, which has not written it yet
        await asyncio.gather(*begun)
        assert media.begin([image(each) for each in FILES]) == []
        assert names(tmp_path) == {image(each).sha256 for each in FILES}
        media.close()

    asyncio.run(ask())


def test_a_store_that_takes_no_image_is_told_to_who_awaits_it(tmp_path: Path) -> None:
    class Full(FolderStore):
        def image(self, name: str, data: bytes) -> None:
            raise StorageError("the store takes no more")

    async def ask() -> None:
        media = Media(tmp_path, Full())
        with pytest.raises(StorageError, match="takes no more"):
            await asyncio.wait_for(media.keep([image(FILES[0])]), 20)
        media.close()

    asyncio.run(ask())


def test_what_still_waits_is_written_at_the_end(tmp_path: Path) -> None:
    async def stop_at_once() -> None:
        media = Media(tmp_path)
        for each in FILES:
            media.begin([image(each)])
        media.close()

    asyncio.run(stop_at_once())
    assert names(tmp_path) == {image(each).sha256 for each in FILES}


def test_a_disk_that_takes_no_more_while_nobody_awaits_is_told_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("in the way")

    async def stop_at_once() -> None:
        media = Media(tmp_path)
        for each in FILES:
            media.begin([image(each)])
        with pytest.raises(OSError, match=r"media"):
            media.close()

    asyncio.run(stop_at_once())


def test_a_resume_finds_what_is_missing_torn_or_left_over(tmp_path: Path) -> None:
    kept(tmp_path, *FILES[:4])
    written(tmp_path, *FILES[:3], FILES[4])
    (tmp_path / "media" / f"{image(FILES[4]).sha256}.partial").write_bytes(FILES[4][:7])
    (tmp_path / "media" / image(FILES[1]).sha256).write_bytes(b"torn")
    media = Media(tmp_path)
    assert media.missing() == {image(FILES[1]).sha256, image(FILES[4]).sha256}
    assert names(tmp_path) == {image(FILES[0]).sha256, image(FILES[2]).sha256}
    media.close()


def test_a_resume_removes_images_alone_and_nothing_through_a_link(tmp_path: Path) -> None:
    run, theirs = tmp_path / "run", tmp_path / "theirs"
    run.mkdir()
    kept(run, *FILES[:1])
    written(run, *FILES[:1])
    (run / "media" / "thesis.txt").write_text("mine")
    media = Media(run)
    with pytest.raises(VerificationError, match=r"media/thesis.txt: no image"):
        media.missing()
    assert (run / "media" / "thesis.txt").read_text() == "mine"
    (run / "media").rename(theirs)
    (run / "media").symlink_to(theirs)
    with pytest.raises(VerificationError, match=r"media: a link"):
        media.missing()
    assert (theirs / "thesis.txt").is_file()
    media.close()


def test_a_cancelled_call_leaves_the_others_their_image(tmp_path: Path) -> None:
    large = FILES[0] * 20_000

    async def cancelled() -> None:
        media = Media(tmp_path)
        calls = [asyncio.create_task(media.keep([image(large)])) for _ in range(3)]
        await asyncio.sleep(0)
        calls[0].cancel()
        assert isinstance((await asyncio.gather(*calls, return_exceptions=True))[0], asyncio.CancelledError)
        assert [call.exception() for call in calls[1:]] == [None, None]
        media.close()

    asyncio.run(cancelled())
    assert image_at(tmp_path, image(large).sha256) == large


def test_reading_one_that_is_not_there_or_not_it(tmp_path: Path) -> None:
    kept(tmp_path, FILES[0])
    for name in ("ab" * 32, "../texts/main-0000.jsonl", "../../etc/passwd"):
        assert (image_at(tmp_path, name), size_at(tmp_path, name)) == (None, None)
    (tmp_path / "media" / image(FILES[0]).sha256).write_bytes(FILES[1])
    with pytest.raises(VerificationError, match="was changed"):
        image_at(tmp_path, image(FILES[0]).sha256)
