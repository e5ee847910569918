"""Steelyard from Python: plain calls on a background event loop, and what they share with the command line."""
