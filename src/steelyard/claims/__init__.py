"""Claim sheets, and facts about the benchmarks that they name."""
