"""What ``remote push`` sends, where to, and what it believes of the answer."""

from __future__ import annotations

import asyncio
import shutil
import socket
from pathlib import Path

import pytest

from packages.server.tests.client.answering import ANSWER, TOKEN, answering
from packages.server.tests.site import GOLDEN, Site
from steelyard.errors import InputError, ModelUnavailable, StorageError, VerificationError
from steelyard.evidence.bundle import Bundle
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard_server.client.push import files_to_push, push
from testkit.resealing import reseal, with_new_reports


def test_texts_stay_here_where_the_run_withholds_them(unsigned: Path) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan)
    del plan["texts"]
    run = with_new_reports(reseal(unsigned, plan=plan))
    without, with_texts = (files_to_push(run, with_texts=each) for each in (False, True))
    assert not any(name.startswith("texts/") for name in without)
    assert [name for name in with_texts if name not in without] == ["texts/main-0000.jsonl"]
    assert any(name.startswith("texts/") for name in files_to_push(GOLDEN, with_texts=False)), "sealed with its texts"


def send(address: str) -> object:
    return asyncio.run(push(GOLDEN, files_to_push(GOLDEN, with_texts=False), address, TOKEN))


def test_a_redirect_is_not_followed_and_no_token_goes_elsewhere() -> None:
    with (
        answering(200) as (elsewhere, other),
        answering(307, {}, f"{elsewhere}/x") as (address, _),
        pytest.raises(InputError, match="sends elsewhere"),
    ):
        send(address)
    assert other.asked == []


@pytest.mark.parametrize(
    ("status", "error"), [(422, VerificationError), (401, InputError), (403, InputError), (503, StorageError)]
)
def test_a_refusal_is_its_kind_of_error(status: int, error: type[Exception]) -> None:
    with answering(status, {"detail": "no \x1b[31m\nreally"}) as (address, _), pytest.raises(error) as caught:
        send(address)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_platform_is_said() -> None:
    with answering(200) as (address, _), pytest.raises(ModelUnavailable, match="no answer of a platform"):
        send(address)
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        send("http://127.0.0.1:9")


def test_an_answer_about_another_run_or_of_something_else_is_none() -> None:
    with answering(200, ANSWER) as (address, _):
        assert send(address)
    wrong: list[dict[str, object]] = [
        {"verified_exit": 0}, ANSWER | {"seal": "0" * 64}, ANSWER | {"verified_exit": "0"}, ANSWER | {"said": None},
        ANSWER | {"verified_exit": False}, ANSWER | {"verified_exit": 1}, ANSWER | {"scores_taken": None},
    ]  # fmt: skip
    for document in wrong:
        with answering(200, document) as (address, _), pytest.raises(ModelUnavailable, match="no answer"):
            send(address)


def test_an_answer_as_deep_as_a_well_is_none() -> None:
    with answering(200) as (address, handler):
        handler.body = b"[" * 200_000 + b"]" * 200_000
        with pytest.raises(ModelUnavailable, match="no answer"):
            send(address)


def test_a_platform_that_says_nothing_is_not_waited_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ModelUnavailable, match="cannot be reached"):
            asyncio.run(push(GOLDEN, [], address, TOKEN, find_seconds=0.3))


def test_a_folder_that_was_changed_is_not_said_to_be_there(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN, tmp_path / "run")
    with (tmp_path / "run" / "scores.jsonl").open("a") as file:
        file.write("\n")
    with answering(200, ANSWER) as (address, handler), pytest.raises(VerificationError, match=r"scores\.jsonl"):
        asyncio.run(push(tmp_path / "run", [], address, TOKEN))
    assert handler.asked == [], "nothing was asked, and no token left"


def test_a_run_is_pushed_and_not_sent_again(site: Site) -> None:
    sent: list[int] = []
    names = files_to_push(GOLDEN, with_texts=False)
    token = site.token()
    asyncio.run(push(GOLDEN, names, site.base, token))
    again = asyncio.run(push(GOLDEN, names, site.base, token, sent.append))
    assert (again.seal, again.is_new, sent) == (Bundle.open(GOLDEN).sha256, False, [])
    assert again.verified_exit == 0
    assert again.url.startswith(site.base)
