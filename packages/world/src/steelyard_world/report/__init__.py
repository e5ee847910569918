"""Pictures and the page of world-model tests: they draw recorded results and compute nothing."""
