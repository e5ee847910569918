from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from packages.server.tests.client.answering import TOKEN, answering
from packages.server.tests.site import Site
from packages.server.tests.suites.yard import make_suite
from steelyard.errors import InputError, ModelUnavailable
from steelyard.tasks.suite_task import task_from_suite
from steelyard_server.client.push_suite import push_suite
from steelyard_server.suites.content import suite_files


def test_a_suite_is_sent_to_the_one_address_and_a_redirect_is_not_followed(tmp_path: Path) -> None:
    folder = make_suite(tmp_path / "s")
    with (
        answering(200) as (elsewhere, other),
        answering(307, {}, f"{elsewhere}/x") as (address, _),
        pytest.raises(InputError, match="sends elsewhere"),
    ):
        asyncio.run(push_suite(folder, suite_files(folder), "0" * 64, address, TOKEN))
    assert other.asked == []


def test_an_answer_about_another_suite_is_none(site: Site, tmp_path: Path) -> None:
    folder = make_suite(tmp_path / "s", "by-client")
    digest, token = task_from_suite(folder, to_ask=False).suite, site.token("suite")
    found = asyncio.run(push_suite(folder, suite_files(folder), digest, site.base, token))
    assert (found.digest, found.new) == (digest, True)
    with pytest.raises(ModelUnavailable, match="no answer of a platform about this suite"):
        asyncio.run(push_suite(folder, suite_files(folder), "0" * 64, site.base, token))
