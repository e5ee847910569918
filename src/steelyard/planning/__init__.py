"""Claim sheet or task list → sealed plan."""
