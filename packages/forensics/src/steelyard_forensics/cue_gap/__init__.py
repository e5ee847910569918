"""D6, the benchmark's cue: does the score depend on whether a question looks like the benchmark?"""
