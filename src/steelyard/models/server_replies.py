"""What a server says of itself, read strictly: pure functions of its replies, one for each profile.

A server may say anything. Texts are one short line, counts are whole numbers, and nothing else is kept: what a server
dumps of its own settings may hold its keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from steelyard.models import server_profiles as profiles
from steelyard.models.server_profiles import Profile
from steelyard.util.text import one_line

__all__ = ["HEADERS", "Said", "Server", "recognised"]

HEADERS: Final = ("x-litellm-version",)  # of the reply with the list of models

_LONGEST: Final = 80  # characters of what a server says
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,60}", re.ASCII)
_SETTINGS: Final = ("temperature", "seed", "logprobs", "top_logprobs", "reasoning", "stop", "max_tokens")


@dataclass(frozen=True, slots=True)
class Said:
    """What an endpoint said: the entry of the model in its list, replies by path, and headers of the list."""

    name: str
    entry: Mapping[str, Any] = field(default_factory=dict)
    replies: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """Who owns the model, as the list says."""
        found = self.entry.get("owned_by")
        return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class Server:
    """A server as it describes itself; ``profile`` is None for one that is not known."""

    profile: Profile | None = None
    version: str = ""
    facts: tuple[tuple[str, str], ...] = ()


Facts = dict[str, str]
Reader = Callable[[Said], tuple[str, Facts] | None]


def recognised(said: Said) -> Server:
    """The first profile that what was said fits; one without a profile where none does."""
    for profile, read in _READERS:
        if (found := read(said)) is not None:
            version, facts = found
            return Server(profile, version, tuple((name, value) for name, value in facts.items() if value))
    return Server()


def _vllm(said: Said) -> tuple[str, Facts] | None:
    if said.owner != profiles.VLLM.owner:
        return None
    return _version(_at(said, "/version"), "version"), {
        "context": _tokens(said.entry, "max_model_len"),
        "weights": _text(said.entry, "root"),
    }


def _sglang(said: Said) -> tuple[str, Facts] | None:
    about, server = _at(said, "/get_model_info"), _at(said, "/get_server_info")
    if said.owner != profiles.SGLANG.owner and "is_generation" not in about:
        return None
    sees = about.get("has_image_understanding")
    return _version(server, "version"), {
        "context": _tokens(said.entry, "max_model_len"),
        "weights": _text(about, "model_path"),
        "weights' version": _text(about, "weight_version"),
        "says of images": ("takes them" if sees else "takes none") if isinstance(sees, bool) else "",
    }


def _llama_cpp(said: Said) -> tuple[str, Facts] | None:
    props = _at(said, "/props")
    if said.owner != profiles.LLAMA_CPP.owner and not {"default_generation_settings", "total_slots"} <= set(props):
        return None
    sees = _inside(props, "modalities").get("vision")
    return _version(props, "build_info"), {
        "context of one slot": _tokens(_inside(props, "default_generation_settings"), "n_ctx"),
        "slots": _count(props, "total_slots"),
        "weights": _text(props, "model_path").replace("\\", "/").rpartition("/")[2],
        "says of images": ("takes them" if sees else "takes none") if isinstance(sees, bool) else "",
    }


def _ollama(said: Said) -> tuple[str, Facts] | None:
    version = _version(_at(said, "/api/version"), "version")
    if not version:
        return None
    shown = _at(said, "/api/show")
    about, details = _inside(shown, "model_info"), _inside(shown, "details")
    longest = next((key for key in about if key.endswith(".context_length")), "")
    able = shown.get("capabilities")
    return version, {
        "longest context": _tokens(about, longest),
        "quantisation": _text(details, "quantization_level"),
        "size": _text(details, "parameter_size"),
        "says it can": _names(able),
    }


def _lm_studio(said: Said) -> tuple[str, Facts] | None:
    data = _at(said, "/api/v0/models").get("data")
    entries = [each for each in data if isinstance(each, Mapping)] if isinstance(data, list) else []
    if not any("compatibility_type" in each for each in entries):
        return None
    about = next((each for each in entries if each.get("id") == said.name), {})
    return "", {
        "loaded context": _tokens(about, "loaded_context_length"),
        "longest context": _tokens(about, "max_context_length"),
        "quantisation": _text(about, "quantization"),
        "type": _text(about, "type"),
        "state": _text(about, "state"),
    }


def _tgi(said: Said) -> tuple[str, Facts] | None:
    about = _at(said, "/info")
    if about.get("router") != "text-generation-router":
        return None
    return _version(about, "version"), {
        "longest prompt": _tokens(about, "max_input_tokens"),
        "context": _tokens(about, "max_total_tokens"),
        "requests at once": _count(about, "max_concurrent_requests"),
        "weights": _text(about, "model_id"),
        "weights' version": _text(about, "model_sha"),
    }


def _litellm(said: Said) -> tuple[str, Facts] | None:
    version = _version(_at(said, "/health/readiness"), "litellm_version")
    version = version or _version(said.headers, HEADERS[0])
    return (version, {"says the model is of": _text(said.entry, "owned_by")}) if version else None


def _openrouter(said: Said) -> tuple[str, Facts] | None:
    if not {"supported_parameters", "top_provider"} <= set(said.entry):
        return None
    settings = said.entry["supported_parameters"]
    known = [each for each in settings if each in _SETTINGS] if isinstance(settings, list) else []
    return "", {
        "context": _tokens(said.entry, "context_length"),
        "longest answer": _tokens(_inside(said.entry, "top_provider"), "max_completion_tokens"),
        "says it reads": _names(_inside(said.entry, "architecture").get("input_modalities")),
        "says it takes": _names(known),
    }


_READERS: Final[tuple[tuple[Profile, Reader], ...]] = (
    (profiles.OPENROUTER, _openrouter),
    (profiles.LITELLM, _litellm),  # before what it may stand in front of
    (profiles.VLLM, _vllm),
    (profiles.SGLANG, _sglang),
    (profiles.LLAMA_CPP, _llama_cpp),
    (profiles.TGI, _tgi),
    (profiles.LM_STUDIO, _lm_studio),
    (profiles.OLLAMA, _ollama),
)


def _at(said: Said, path: str) -> Mapping[str, Any]:
    found = said.replies.get(path)
    return found if isinstance(found, Mapping) else {}


def _inside(about: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = about.get(key)
    return found if isinstance(found, Mapping) else {}


def _text(about: Mapping[str, Any], key: str) -> str:
    found = about.get(key)
    return one_line(found, _LONGEST) if isinstance(found, str) else ""


def _names(found: Any) -> str:
    """A list of names in words; only what is a name, and no more than ten."""
    names = [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
    return one_line(", ".join(each[:_LONGEST] for each in names[:10]), _LONGEST)


def _version(about: Mapping[str, Any], key: str) -> str:
    found = about.get(key)
    return found if isinstance(found, str) and _VERSION.fullmatch(found) else ""


def _count(about: Mapping[str, Any], key: str) -> str:
    found = about.get(key)
    return f"{found:,}" if type(found) is int and 0 < found < 1 << 40 else ""


def _tokens(about: Mapping[str, Any], key: str) -> str:
    found = _count(about, key)
    return f"{found} tokens" if found else ""
