"""Chat prompts through the template that a GGUF file carries, safe for hostile text.

The template (Jinja, as Hugging Face writes it) is rendered in a sandbox with placeholders for the messages. Control
tokens are recognised only in what the template itself wrote: a message that contains ``<|im_end|>`` keeps it as text
and cannot end its turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steelyard.util.reasoning import has_reasoning_tags, opening_at_end

if TYPE_CHECKING:
    from steelyard.models.llama import Llama

__all__ = ["ChatTemplate", "TemplateError"]

_PLACEHOLDERS = {"system": "\ue0f1\ue0f2", "user": "\ue0f3\ue0f4"}


class TemplateError(ValueError):
    """The template is absent, cannot be rendered, or does not show the message."""


class ChatTemplate:
    """One file's chat template, ready to turn a system text and a user text into tokens."""

    def __init__(self, llama: Llama) -> None:
        self._llama = llama
        self._source = llama.metadata("tokenizer.chat_template")

    @property
    def reasons(self) -> bool:
        """Whether the template handles reasoning, as that of a model does which reasons before it answers."""
        return has_reasoning_tags(self._source)

    def reasoning_opening(self, system: str) -> str:
        """The tag with which the template itself opens the reasoning, if it does; raises TemplateError."""
        return opening_at_end(self._render(bool(system))) if self.reasons else ""

    def tokens(self, system: str, user: str) -> list[int]:
        """Give the tokens of one turn, up to where the assistant begins; raises TemplateError.

        Without ``system`` the template's own default system text is used, where it has one.
        """
        return self._join(self._runs(self._parts(bool(system)), system, user))

    def opening(self, system: str, user: str) -> list[int]:
        """Give the tokens up to the end of the user's text, with the turn still open; raises TemplateError."""
        parts = self._parts(bool(system))
        return self._join(self._runs(parts[: parts.index(_PLACEHOLDERS["user"]) + 1], system, user))

    def _runs(self, parts: list[str], system: str, user: str) -> list[int | str]:
        runs: list[int | str] = []
        for part in parts:
            if part in _PLACEHOLDERS.values():
                runs.append(system if part == _PLACEHOLDERS["system"] else user)
            else:
                runs += self._control_tokens_and_text(part)
        return runs

    def _parts(self, with_system: bool) -> list[str]:
        rendered = self._render(with_system)
        for placeholder in _PLACEHOLDERS.values():
            rendered = rendered.replace(placeholder, f"\0{placeholder}\0")
        parts = rendered.split("\0")
        if _PLACEHOLDERS["user"] not in parts:
            raise TemplateError("the file's chat template does not show the user's message")
        return parts

    def _render(self, with_system: bool) -> str:
        from jinja2.exceptions import TemplateError as JinjaError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        def refuse(message: str) -> None:
            raise TemplateError(f"the file's chat template refuses: {message}")

        if not self._source:
            raise TemplateError("the file carries no chat template")
        roles = ["system", "user"] if with_system else ["user"]
        names: dict[str, Any] = {
            "messages": [{"role": role, "content": _PLACEHOLDERS[role]} for role in roles],
            "add_generation_prompt": True,
            "bos_token": self._llama.token_text("bos"),
            "eos_token": self._llama.token_text("eos"),
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
        for token in self._llama.tokenise(part, control=True):
            if self._llama.is_control(token):
                runs += [text.decode("utf-8", "replace"), token]
                text = b""
            else:
                text += self._llama.piece(token)
        return [*runs, text.decode("utf-8", "replace")]

    def _join(self, runs: list[int | str]) -> list[int]:
        """Tokenise neighbouring texts together, as the model saw them in training."""
        tokens: list[int] = []
        text = ""
        for run in [*runs, None]:
            if isinstance(run, str):
                text += run
                continue
            tokens += self._llama.tokenise(text) if text else []
            text = ""
            tokens += [] if run is None else [run]
        return tokens
