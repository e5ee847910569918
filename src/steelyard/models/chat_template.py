"""Chat prompts through the template that comes with the weights, safe for hostile text.

The template (Jinja, as Hugging Face writes it) is rendered in a sandbox with placeholders for the messages. Control
tokens are recognised only in what the template itself wrote: a message that contains ``<|im_end|>`` keeps it as text
and cannot end its turn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.util.reasoning import has_reasoning_tags, opening_at_end

if TYPE_CHECKING:
    from steelyard.models.decoder import Decoder
    from steelyard.records import Turn

__all__ = ["ChatTemplate", "TemplateError"]

_SYSTEM = 0  # the number of the system text's placeholder; the conversation's messages have 1, 2, … in their order
_PLACEHOLDER = re.compile("\ue0f1([0-9]+)\ue0f2")


def _placeholder(number: int) -> str:
    return f"\ue0f1{number}\ue0f2"


class TemplateError(ValueError):
    """The template is absent, cannot be rendered, or does not show the message."""


class ChatTemplate:
    """One file's chat template, ready to turn a system text and a user text into tokens.

    ``listed``: the template expects each message as a list of parts, as those of models that see images do.
    """

    def __init__(self, decoder: Decoder, *, listed: bool = False) -> None:
        self._decoder, self._listed = decoder, listed
        self._source = decoder.chat_template()

    @property
    def reasons(self) -> bool:
        """Whether the template handles reasoning, as that of a model does which reasons before it answers."""
        return has_reasoning_tags(self._source)

    def reasoning_opening(self, system: str, history: Sequence[Turn] = ()) -> str:
        """The tag with which the template itself opens the reasoning, if it does; raises TemplateError."""
        return opening_at_end(self._render(bool(system), history)) if self.reasons else ""

    def tokens(self, system: str, user: str, history: Sequence[Turn] = ()) -> list[int]:
        """Give the tokens of a conversation, up to where the assistant begins; raises TemplateError.

        ``history`` comes before the user's text. Without ``system`` the template's own default system text is used,
        where it has one.
        """
        return self._join(self._runs(self._parts(bool(system), history), system, user, history))

    def opening(self, system: str, user: str, history: Sequence[Turn] = ()) -> list[int]:
        """Give the tokens up to the end of the user's text, with the turn still open; raises TemplateError."""
        parts = self._parts(bool(system), history)
        return self._join(self._runs(parts[: parts.index(len(history) + 1) + 1], system, user, history))

    def text_with_images(self, system: str, parts: Sequence[str | None], history: Sequence[Turn] = ()) -> str:
        """The conversation as one text, with an image where a part of the user's message is None; raises TemplateError.

        Texts stand in it as they are: that they name no control token is for the caller to check.
        """
        texts, first = [system, *(turn.text for turn in history)], len(history) + 1
        shown = [
            {"type": "image"} if part is None else {"type": "text", "text": _placeholder(number)}
            for number, part in enumerate(parts, first)
        ]
        texts += ["" if part is None else part for part in parts]
        pieces = _PLACEHOLDER.split(self._render(bool(system), history, shown))
        named = {int(each) for each in pieces[1::2]}
        if any(part is not None and number not in named for number, part in enumerate(parts, first)):
            raise TemplateError("the file's chat template does not show the user's message")
        return "".join(texts[int(each)] if place % 2 else each for place, each in enumerate(pieces))

    def _runs(self, parts: Sequence[str | int], system: str, user: str, history: Sequence[Turn]) -> list[int | str]:
        texts = [system, *(turn.text for turn in history), user]
        runs: list[int | str] = []
        for part in parts:
            runs += [texts[part]] if isinstance(part, int) else self._control_tokens_and_text(part)
        return runs

    def _parts(self, with_system: bool, history: Sequence[Turn]) -> list[str | int]:
        """What the template wrote, and between it the numbers of the messages; raises TemplateError where one lacks."""
        pieces = _PLACEHOLDER.split(self._render(with_system, history))
        parts: list[str | int] = [int(each) if place % 2 else each for place, each in enumerate(pieces)]
        if any(number not in parts for number in range(1, len(history) + 2)):
            named = "the conversation" if history else "the user's message"
            raise TemplateError(f"the file's chat template does not show {named}")
        return parts

    def _content(self, number: int) -> object:
        text = _placeholder(number)
        return [{"type": "text", "text": text}] if self._listed else text

    def _render(self, with_system: bool, history: Sequence[Turn], user: object = None) -> str:
        from jinja2.exceptions import TemplateError as JinjaError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        def refuse(message: str) -> None:
            raise TemplateError(f"the file's chat template refuses: {message}")

        if not self._source:
            raise TemplateError("the file carries no chat template")
        roles = [*(["system"] if with_system else []), *(turn.role for turn in history), "user"]
        first = _SYSTEM if with_system else _SYSTEM + 1
        messages = [{"role": role, "content": self._content(number)} for number, role in enumerate(roles, first)]
        if user is not None:
            messages[-1]["content"] = user
        names: dict[str, Any] = {
            "messages": messages,
            "add_generation_prompt": True,
            "bos_token": self._decoder.token_text("bos"),
            "eos_token": self._decoder.token_text("eos"),
            "raise_exception": refuse,
        }
        try:
            environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
            return environment.from_string(self._source).render(names)
        except (JinjaError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            if isinstance(error, TemplateError):
                raise
            raise TemplateError(f"the file's chat template cannot be rendered: {error}") from error

    def _control_tokens_and_text(self, part: str) -> list[int | str]:
        """Split what the template wrote into control tokens and the text between them."""
        runs: list[int | str] = []
        text = b""
        for token in self._decoder.tokenise(part, control=True):
            if self._decoder.is_control(token):
                runs += [text.decode("utf-8", "replace"), token]
                text = b""
            else:
                text += self._decoder.piece(token)
        return [*runs, text.decode("utf-8", "replace")]

    def _join(self, runs: list[int | str]) -> list[int]:
        """Tokenise neighbouring texts together, as the model saw them in training."""
        tokens: list[int] = []
        text = ""
        for run in [*runs, None]:
            if isinstance(run, str):
                text += run
                continue
            tokens += self._decoder.tokenise(text) if text else []
            text = ""
            tokens += [] if run is None else [run]
        return tokens
