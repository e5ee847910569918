"""The images of a run while it is asked: kept where it shows any, and put back where a kill or a user took them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from steelyard.errors import InputError
from steelyard.planning.samples import Prepared
from steelyard.records import GenerateRequest, Plan
from steelyard.storage.journal.media import Media
from steelyard.storage.store import FOLDER, Store

__all__ = ["check_as_sealed", "open_media"]


async def open_media(
    run: Path, plan: Plan, prepared: Mapping[str, Prepared], store: Store = FOLDER, *, resumed: bool
) -> Media | None:
    """The place for a run's images; None for a plan that shows none.

    In a resumed run those that answered samples show, and that are missing or torn, are written again: the samples are
    the sealed ones, so what they show has the same digests. Raises OSError where the disk takes no more.
    """
    if not any(each.images for each in plan.measurements):
        return None
    media = Media(run, store)
    missing = media.missing() if resumed else set()
    for each in plan.measurements:
        if not missing:
            break
        for sample in prepared[each.id].samples if each.images and not each.again else ():
            request = sample.request
            if isinstance(request, GenerateRequest):
                await media.keep([image for image in request.images if image.sha256 in missing])
    return media


def check_as_sealed(prepared: Prepared, place: int, item: str) -> None:
    """Raise InputError where the sample at a place is not the one that was sealed: an image that it shows was changed.

    (The files of images lie beside the rows, and are read when a sample is asked.) ``item`` is the sample's digest.
    """
    if item != prepared.digests[place]:
        name = prepared.samples[place].id
        raise InputError(f"{name}: an image was changed since the plan was sealed: put it back, and resume")
