"""``azure:DEPLOYMENT@URL``: Azure OpenAI by its v1 API, an OpenAI-compatible endpoint with its own header for the key.

A URL without a path gets ``/openai/v1``, the API that needs no ``api-version`` (August 2025; read from Microsoft's
"API version lifecycle" in November 2026). A deployment is named where others name a model, and the list of models does
not know it. What Azure's filters block in a prompt is an error with the code ``content_filter``, and in an answer the
reason for its end.
"""

from __future__ import annotations

from typing import Any

from steelyard.models import Settings
from steelyard.models.address import named_endpoint
from steelyard.models.api_key import key_for
from steelyard.models.openai import OpenAIModel

__all__ = ["AzureModel", "open_azure"]


def open_azure(rest: str, settings: Settings) -> AzureModel:
    """Open ``DEPLOYMENT@URL``; raises InputError for anything else, and for a key that is none."""
    found = named_endpoint(rest, "azure")
    key = key_for(found, settings)
    return AzureModel(found, key, settings, {"api-key": key.value} if key.value else {})


class AzureModel(OpenAIModel):
    """A deployment as a :class:`steelyard.plugins.Model`."""

    @property
    def batches(self) -> None:
        """None: its batches need deployments of their own kind, which were not tried."""
        return None

    def _noted(self, payload: Any) -> list[str]:
        return []  # the list is of models, not of deployments, and says nothing of this one
