"""What a stranger runs: every score, test and verdict computed again from the bundle alone."""
