"""Panels: reference runs of models of many families, what a test read of each, and the sealed result of a test."""
