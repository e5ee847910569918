"""The gate: does a model reach a score on a suite? Sequential, green or red at a stated level, else undecided."""
