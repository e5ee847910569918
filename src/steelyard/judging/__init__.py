"""Judges: a model that scores another one's answers by a rubric, in a second run that is sealed over the first."""
