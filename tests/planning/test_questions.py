"""What a plan asks: what nobody can vary is in it, and nothing else."""

from __future__ import annotations

import pytest

from steelyard.planning.questions import benchmark_of, subject_of
from steelyard.records import ModelIdentity
from testkit.plans import measurement

SPELLINGS = [
    "http://host.example/v1",
    "http://host.example:80/v1",
    "HTTP://Host.EXAMPLE/v1/",
    "http://host.example./v1",
    "http://host.example/./v1",
    "http://host.example/x/../v1",
    "http://host.example//v1",
    "http://host.example/%76%31",
]


@pytest.mark.parametrize("url", SPELLINGS)
def test_one_address_has_one_spelling(url: str) -> None:
    assert subject_of(ModelIdentity(uri=f"openai:m@{url}")) == "openai:m@http://host.example:80/v1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("openai:m@http://[::1]/v1", "openai:m@http://[0:0:0:0:0:0:0:1]:80/v1"),
        ("openai:m@https://münchen.example/v1", "openai:m@https://xn--mnchen-3ya.example:443/v1"),
    ],
)
def test_addresses_in_other_letters_are_the_same(one: str, other: str) -> None:
    assert subject_of(ModelIdentity(uri=one)) == subject_of(ModelIdentity(uri=other))


@pytest.mark.parametrize(
    "uri",
    [
        "openai:other@http://host.example/v1",
        "openai:m@https://host.example/v1",
        "openai:m@http://host.example:81/v1",
        "openai:m@http://host.example/v2",
        "openai:M@http://host.example/v1",
        "openai:m@x@http://host.example/v1",
    ],
)
def test_another_name_or_address_is_another_subject(uri: str) -> None:
    assert subject_of(ModelIdentity(uri=uri)) != subject_of(ModelIdentity(uri="openai:m@http://host.example/v1"))


def test_weights_are_a_subject_by_their_digest_wherever_they_lie() -> None:
    first, second = (ModelIdentity(uri=uri, sha256="a" * 64) for uri in ("gguf:/here/m.gguf", "embedded:smollm2"))
    assert subject_of(first) == subject_of(second) == f"sha256:{'a' * 64}"


def test_the_subject_of_a_recording_is_what_was_recorded() -> None:
    def recorded(**details: str) -> str:
        return subject_of(ModelIdentity(uri="recorded:run", sha256="b" * 64, backend="recording", details=details))

    assert recorded(recorded_uri="openai:m@http://HOST.example/v1") == "openai:m@http://host.example:80/v1"
    assert recorded(recorded_uri="embedded:smollm2", recorded_sha256="a" * 64) == f"sha256:{'a' * 64}"


def test_a_built_in_benchmark_is_its_id_and_any_other_its_items() -> None:
    assert benchmark_of(measurement(task="gsm8k", items="c" * 64)) == "task:gsm8k"
    assert benchmark_of(measurement(task="reasoning-gym:chain_sum", items="c" * 64)) == "task:reasoning-gym:chain_sum"
    assert benchmark_of(measurement(task="tickets", items="c" * 64)) == f"items:{'c' * 64}"
