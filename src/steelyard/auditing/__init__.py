"""From a plan to a verdict: conducts a run, scores its journal and finalizes its folder."""
