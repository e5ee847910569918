"""D4, order: is a benchmark's file likelier in its own order than shuffled?"""
