"""Statistics with known error rates: pure functions of counts and marks, no network, no files.

Each module says which paper or exact computation its error rate rests on. Numpy and scipy are imported where used.
"""
