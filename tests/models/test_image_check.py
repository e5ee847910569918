"""Whether a model takes images is asked with a picture of ours: by refusals, and by the tokens that it counts."""

from __future__ import annotations

import asyncio

import pytest

from steelyard.models import Settings, open_model
from steelyard.models.image_check import NO_IMAGES, images_taken
from steelyard.records import GenerateRequest
from steelyard.records.images import media_type_of
from testkit.vision_server import VisionServer
from tests.models.test_asking import Says


def checked(server: VisionServer) -> tuple[bool, str]:
    async def check() -> tuple[bool, str]:
        model = open_model(f"openai:sees@{server.url}", Settings())
        try:
            return await images_taken(model)
        finally:
            await model.close()

    return asyncio.run(check())


def test_an_endpoint_that_sees() -> None:
    with VisionServer() as server:
        assert checked(server) == (True, "")
        assert server.got == []  # no sample was sent


def test_an_endpoint_that_refuses_images() -> None:
    with VisionServer() as server:
        server.refuses = lambda: 400
        assert checked(server) == (False, "it refuses one: HTTP 400: this model sees nothing")


@pytest.mark.parametrize(("tokens", "taken"), [(0, False), (1, True)])
def test_an_endpoint_that_leaves_images_out_shows_in_its_usage(tokens: int, taken: bool) -> None:
    with VisionServer() as server:
        server.counts = tokens
        found, reason = checked(server)
        assert (found, "counts no token" in reason) == (taken, not taken)


def test_a_model_that_does_not_say_so_is_not_asked() -> None:
    assert asyncio.run(images_taken(Says())) == (False, NO_IMAGES)


def test_the_picture_is_a_png() -> None:
    from testkit.vision_server import number_in

    shown: list[GenerateRequest] = []

    class Sees(Says):
        takes_images = True

        async def generate(self, request: GenerateRequest):  # type: ignore[no-untyped-def]
            shown.append(request)
            return await super().generate(request)

    assert asyncio.run(images_taken(Sees())) == (True, "")
    (image,) = shown[1].images
    assert media_type_of(image.data) == "image/png"
    assert number_in(image.data) == 0x2F6FB7
    assert shown[0].images == ()
