"""Cutting a text at its stop strings, the same way for every model."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["cut_at_stop"]


def cut_at_stop(text: str, stops: Iterable[str]) -> tuple[str, bool]:
    """Cut ``text`` before the earliest stop string; also say whether one was there. Empty stop strings are ignored."""
    places = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)
