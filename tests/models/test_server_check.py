"""Which server stands behind a URL: each known one is recognised by its own paths, and no fault makes one up."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp.test_utils import TestServer

from steelyard.models import Settings
from steelyard.models.address import named_endpoint
from steelyard.models.server_check import server_at
from steelyard.models.server_profiles import PROFILES, Profile
from steelyard.models.server_replies import Server
from testkit.server_dialects import DIALECTS, FAULTS, NAME, SEEN, Dialect, Handler, answers, application

KEY = "sk-test-0123456789abcdef"
GENERATING = ("/v1/completions", "/v1/chat/completions", "/generate", "/health", "/health_generate")


def found_at(
    dialect: Dialect, faults: dict[str, Handler] | None = None, path: str = "/v1"
) -> tuple[Server, list[tuple[str, str]]]:
    served = application(dialect, faults)

    async def run() -> Server:
        async with TestServer(served) as server:
            endpoint = named_endpoint(f"{NAME}@{server.make_url(path)}")
            return await server_at(endpoint, Settings(timeout_seconds=0.5))

    return asyncio.run(run()), served[SEEN]


FACTS = {
    "vLLM": ("0.20.2", {"context": "32,768 tokens", "weights": "/models/org"}),
    "SGLang": (
        "0.5.6",
        {
            "context": "131,072 tokens",
            "weights": "org/model-7b",
            "weights' version": "default",
            "says of images": "takes none",
        },
    ),
    "llama.cpp": (
        "b6792-00dc8057",
        {
            "context of one slot": "8,192 tokens",
            "slots": "4",
            "weights": "Model-7B-Q4_K_M.gguf",
            "says of images": "takes none",
        },
    ),
    "Ollama": (
        "0.40.12",
        {
            "longest context": "131,072 tokens",
            "quantisation": "Q4_K_M",
            "size": "7.2B",
            "says it can": "completion, thinking",
        },
    ),
    "LM Studio": (
        "",
        {
            "loaded context": "4,096 tokens",
            "longest context": "131,072 tokens",
            "quantisation": "Q4_K_M",
            "type": "llm",
            "state": "loaded",
        },
    ),
    "TGI": (
        "3.3.6",
        {
            "longest prompt": "4,095 tokens",
            "context": "4,096 tokens",
            "requests at once": "128",
            "weights": "org/model-7b",
            "weights' version": "0f1e2d",
        },
    ),
    "LiteLLM": ("1.94.1", {"says the model is of": "openai"}),
    "OpenRouter": (
        "",
        {
            "context": "131,072 tokens",
            "longest answer": "16,384 tokens",
            "says it reads": "text, image",
            "says it takes": "max_tokens, temperature, seed",
        },
    ),
}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_each_known_server_is_recognised_without_generating_anything(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    name = profile.name
    server, seen = found_at(DIALECTS[name])
    assert server.profile is profile
    assert (server.version, dict(server.facts)) == FACTS[name]
    assert not {path for _, path in seen} & set(GENERATING)
    assert len(seen) == len(set(seen)) <= 10
    if profile.owner:
        own = {*profile.paths, *profile.posts}
        assert {path for _, path in seen} == {"/v1/models", *own}


@pytest.mark.model
def test_llama_cpp_itself_is_recognised(llama_server: str) -> None:
    """Not a stub: the server that the extra for tests brings."""
    server = asyncio.run(server_at(named_endpoint(f"m@{llama_server}"), Settings(timeout_seconds=30)))
    assert server.profile is not None
    assert server.profile.name == "llama.cpp"
    facts = dict(server.facts)
    assert facts["weights"].endswith(".gguf")
    assert facts["context of one slot"].endswith(" tokens")
    assert facts["says of images"] == "takes none"


def test_litellm_is_recognised_by_its_path_too() -> None:
    dialect = Dialect(gets={"/health/readiness": {"status": "healthy", "litellm_version": "1.70.0"}})
    server, _ = found_at(dialect)
    assert (server.profile and server.profile.name, server.version) == ("LiteLLM", "1.70.0")


def test_a_server_that_says_nothing_is_not_known() -> None:
    assert found_at(Dialect(entry={"owned_by": "me"}))[0] == Server()
    everything = {path: answers(404) for profile in PROFILES for path in (*profile.paths, "/v1/models")}
    assert found_at(Dialect(), everything)[0] == Server()


@pytest.mark.parametrize("fault", [each for each in FAULTS if each != "huge"])
def test_a_fault_at_any_path_makes_up_no_server_and_stops_nothing(fault: str) -> None:
    """Where all paths of all servers answer so; and where only the list of models is honest."""
    everywhere = {path: FAULTS[fault] for profile in PROFILES for path in (*profile.paths, *profile.posts)}
    unknown, _ = found_at(Dialect(), everywhere | {"/v1/models": FAULTS[fault]})
    if fault == "escapes":
        assert unknown.profile is not None  # it says is_generation, as SGLang does
        assert unknown.version == ""
        assert all(value.isprintable() for _, value in unknown.facts)
    else:
        assert unknown == Server()
    listed, _ = found_at(DIALECTS["vLLM"], everywhere)
    assert listed.profile is not None
    assert (listed.profile.name, listed.version) == ("vLLM", "")


def test_a_huge_reply_is_cut_off() -> None:
    server, _ = found_at(DIALECTS["vLLM"], {"/version": FAULTS["huge"]})
    assert server.version == ""


def test_nothing_is_asked_above_the_path_that_was_named() -> None:
    _, seen = found_at(Dialect(), path="/tenants/7/v1")
    assert all(path.startswith("/tenants/7/") for _, path in seen)
    _, seen = found_at(Dialect(), path="/api/openai")
    assert all(path.startswith("/api/openai/") for _, path in seen)


def test_the_key_and_what_a_server_keeps_secret_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    server, _ = found_at(DIALECTS["SGLang"])
    assert "sk-of-the-server" not in repr(server)
    echoes = Dialect(headers={"x-litellm-version": KEY}, gets={"/health/readiness": {"litellm_version": KEY}})
    assert KEY not in repr(found_at(echoes)[0])
