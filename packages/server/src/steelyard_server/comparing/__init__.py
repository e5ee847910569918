"""Comparing runs for a page: computed in a process of its own, by the functions of ``steelyard compare``."""
