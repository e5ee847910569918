"""Writes what docs/how-to/servers.md says of each server, from the profiles: ``python -m tools.servers_page``."""

from __future__ import annotations

from pathlib import Path

from steelyard.models.server_profiles import PROFILES, Profile

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "servers.md"
BEGIN = "<!-- from the profiles: python -m tools.servers_page -->"


def part(profile: Profile) -> str:
    """One server in Markdown: how to start it, its quirks, and what to change where an ability is missing."""
    lines = [f"### {profile.name}", ""]
    if profile.start:
        lines += [f"Start it so: `{profile.start}`", ""]
    lines += [f"- {_sentence(quirk)}" for quirk in profile.quirks]
    lines += [f"- No {ability}? {_sentence(fix)}" for ability, fix in profile.fixes.items()]
    asked = [*(f"GET {path}" for path in profile.paths), *(f"POST {path}" for path in profile.posts)]
    own = f"It says what it is by `{'`, `'.join(asked)}`." if asked else "It says what it is in its list of models."
    return "\n".join([*lines, "", f"{own} Read from: {profile.source}."])


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def page(text: str) -> str:
    """The page with all that follows the mark written anew."""
    before, found, _ = text.partition(BEGIN)
    if not found:
        raise SystemExit(f"{PAGE} has no line {BEGIN}")
    return "\n\n".join([before + BEGIN, *map(part, PROFILES)]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
