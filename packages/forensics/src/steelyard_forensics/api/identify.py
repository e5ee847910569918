"""From what a user asked to an identity check: is what an endpoint serves the file that is here?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from steelyard.api.conduct import Job
from steelyard.api.models import uri_of
from steelyard.api.options import options_of
from steelyard.errors import InputError
from steelyard.models.address import IN_PROCESS
from steelyard.planning.options import Options
from steelyard.records import REFERENCE, SUBJECT, references_of
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments

__all__ = ["identify_job"]

_OF_FILES = ("gguf", "embedded")


def identify_job(
    args: RunArguments,
    *,
    by: str = "auto",
    texts: int | None = None,
    prompts: int | None = None,
    alpha: float | None = None,
) -> Job:
    """The model of ``args`` held against its reference: by texts, by next tokens, or as the endpoint's access allows.

    ``alpha`` is the error level of the whole check, over all such checks of one key together; None: .05, which is the
    most. Raises InputError where a model is missing or of a kind that cannot be held against weights.
    """
    from steelyard.auditing.conductor import plan_identity

    _check_models(args)
    _check_numbers(by, texts, prompts)
    level = Options.alpha if alpha is None else alpha
    if not 0 < level <= Options.alpha:
        raise InputError(f"--alpha {level:g}: an error level above 0, and at most {Options.alpha:g}")
    options = replace(options_of(args), alpha=level)
    return Job(
        about="an identity check",
        name="identify",
        options=options,
        plan=lambda models, orders: plan_identity(by, (texts, prompts), models, options, orders),
    )


def _check_models(args: RunArguments) -> None:
    if REFERENCE not in args.models:
        raise InputError(f"no {REFERENCE} is given: add --model {REFERENCE}=gguf:PATH, the file that should be served")
    references = references_of(args.models)
    if others := sorted(set(args.models) - {SUBJECT, *references}):
        raise InputError(
            f"--model {others[0]}=…: only the model under test and its {REFERENCE} take part: leave it out"
        )
    kinds = {role: one_line(uri_of(model).partition(":")[0], 20) for role, model in args.models.items()}
    if wrong := [role for role in references if kinds[role] not in _OF_FILES]:
        raise InputError(  # the rest of an address may hold a secret
            f"--model {wrong[0]}={kinds[wrong[0]]}:…: a {REFERENCE} is weights on this machine, as gguf:PATH: no "
            "endpoint says how likely another one's texts are"
        )
    if (kind := kinds[SUBJECT]) in (*IN_PROCESS, "python"):
        raise InputError(
            f"--model {kind}:…: an endpoint is held against the {REFERENCE}, as openai:NAME@URL"
            + (": of two files compare the SHA-256 (sha256sum)" if kind in _OF_FILES else "")
        )


def _check_numbers(by: str, texts: int | None, prompts: int | None) -> None:
    """Raise InputError for a number of what is not asked."""
    for option, most, other in (("--texts", texts, "next_token"), ("--prompts", prompts, "texts")):
        if most is not None and by == other:
            raise InputError(f"{option} is not for --by {by}: leave it out")
