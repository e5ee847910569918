"""Compares runs on the same samples: which is better, by how much, how sure; and how far they fail together."""
