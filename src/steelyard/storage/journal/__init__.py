"""Append-only storage of a run: hash-chained segments of attempts, and the texts that they refer to by digest."""
