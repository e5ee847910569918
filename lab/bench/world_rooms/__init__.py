"""Two rooms from nothing: train, plan held-out episodes, compare with floors and a ceiling, draw some plans."""
