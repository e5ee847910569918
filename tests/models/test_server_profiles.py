"""The profiles name what exists: abilities that are looked at, and a stub of each server's dialect in the tests."""

from __future__ import annotations

from steelyard.models.server_profiles import GREEDY, IMAGES, LOGLIKELIHOOD, NEXT_TOKENS, PROFILES, REASONING, SEED
from testkit.server_dialects import DIALECTS


def test_each_profile_has_a_stub_of_its_dialect() -> None:
    assert [profile.name for profile in PROFILES] == list(DIALECTS)


def test_a_fix_is_of_an_ability_that_is_looked_at() -> None:
    looked_at = {GREEDY, IMAGES, LOGLIKELIHOOD, NEXT_TOKENS, REASONING, SEED}
    for profile in PROFILES:
        assert set(profile.fixes) <= looked_at
        assert profile.source
        assert profile.quirks
        assert all(path.startswith("/") for path in (*profile.paths, *profile.posts))
        assert not profile.posts or profile.paths  # asked only where the first path answers
