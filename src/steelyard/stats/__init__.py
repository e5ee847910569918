"""Statistics with known error rates: pure functions of counts and scores, without network or files.

Each module says which paper or exact computation its error rate rests on. Numpy and scipy are imported where used.
"""
