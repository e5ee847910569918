"""Real harnesses through the gateway: what they score is what we score from the recording alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.engine.contenders import InspectAI, LmEval
from bench.gateway_peers import compare, peers


@pytest.mark.slow
@pytest.mark.parametrize("peer", peers(), ids=lambda peer: str(peer.name))
def test_a_peers_score_equals_ours(peer: InspectAI | LmEval, shared: Path, tmp_path: Path) -> None:
    if reason := peer.unavailable_reason():
        pytest.skip(f"{reason}; or set STEELYARD_PEER_INSPECT and STEELYARD_PEER_LM_EVAL")
    found = compare(peer, tmp_path / "peer")
    assert found.holds
    assert (found.recorded, found.unmatched, found.again) == (2000, 0, 0)
    assert found.theirs == found.ours == 0.8
