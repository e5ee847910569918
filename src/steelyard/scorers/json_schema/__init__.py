"""Answers that are JSON: a schema that they must keep, and their fields against those of the right answer."""
