"""The statistics of world models."""
