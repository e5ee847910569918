"""Pictures and the page of world-model tests: they draw what was recorded and compute nothing."""
