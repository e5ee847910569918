"""Two rooms from nothing: train, plan on held-out episodes, hold against floors and a ceiling, draw some plans."""
