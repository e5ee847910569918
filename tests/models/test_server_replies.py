"""What a server says of itself is read strictly: any JSON gives a server or none, in short printable texts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.server_profiles import PROFILES
from steelyard.models.server_replies import HEADERS, Said, Server, recognised
from testkit.server_dialects import DIALECTS, NAME

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200)
KEYS = st.sampled_from([
    "version", "max_model_len", "root", "owned_by", "is_generation", "model_path", "total_slots", "modalities",
    "vision", "n_ctx", "data", "id", "router", "model_info", "x.context_length", "details", "quantization_level",
    "capabilities", "compatibility_type", "max_input_tokens", "litellm_version", "supported_parameters",
    "top_provider", "architecture", "input_modalities", "build_info",
])  # fmt: skip
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
PATHS = [path for profile in PROFILES for path in (*profile.paths, *profile.posts)]
OWNERS = st.sampled_from(["vllm", "sglang", "llamacpp", "library", "me"])


@given(
    st.dictionaries(KEYS, ANYTHING, max_size=6),
    st.dictionaries(st.sampled_from(PATHS), ANYTHING, max_size=4),
    st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=90)),
    OWNERS,
)
def test_any_reply_is_read(entry: dict[str, Any], replies: dict[str, Any], headers: dict[str, str], owner: str) -> None:
    server = recognised(Said(NAME, {"owned_by": owner} | entry, replies, headers))
    for text in (server.version, *(value for _, value in server.facts)):
        assert len(text) <= 100
        assert text == "" or text.isprintable()
    if server.profile is None:
        assert server == Server()


def test_an_owner_alone_names_the_server_and_a_version_alone_names_none() -> None:
    assert recognised(Said(NAME, {"owned_by": "vllm"})).profile is PROFILES[0]
    assert recognised(Said(NAME, {}, {"/version": {"version": "0.20.2"}})) == Server()


def test_what_stands_in_front_is_named_before_what_stands_behind() -> None:
    """A proxy passes the list of the server behind it on, with its own header."""
    found = recognised(Said(NAME, DIALECTS["vLLM"].entry, headers={"x-litellm-version": "1.94.1"}))
    assert found.profile is not None
    assert found.profile.name == "LiteLLM"
