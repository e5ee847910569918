"""Assay: re-test AI models in-house, from a vendor's claim sheet to a sealed verdict."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
