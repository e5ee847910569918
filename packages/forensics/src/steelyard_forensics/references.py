"""The files that a model is held against: how a test seals them, and how a finding names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.records import REFERENCE, Plan, references_of

__all__ = ["files_in_words", "sealed_files"]


def sealed_files(plan: Plan) -> dict[str, Any]:
    """The digest of the reference's file, and those of further ones of which any may be served instead."""
    digests = [plan.models[role].identity.sha256 for role in references_of(plan.models)]
    further = {"or": digests[1:]} if len(digests) > 1 else {}
    return {"reference": digests[0] if REFERENCE in plan.models else ""} | further


def files_in_words(sealed: Mapping[str, Any]) -> str:
    """Whose weights these are, as the end of a sentence: "… the reference's weights (SHA-256 …)"."""
    digests: Sequence[str] = (sealed["reference"], *sealed.get("or", ()))
    shown = ", ".join(f"{digest[:16]}…" for digest in digests)
    of = "the reference's weights" if len(digests) == 1 else f"the weights of any of the {len(digests)} files"
    return f"{of} (SHA-256 {shown})"
