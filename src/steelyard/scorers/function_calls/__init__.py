"""Answers that are calls of functions, compared as trees (the Berkeley Function Calling Leaderboard)."""
