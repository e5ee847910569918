"""How a world model's answers are marked: the truth is made again from the seed, with NumPy and the worlds alone.

No model and no torch is needed, so anyone can mark the answers of a sealed run again. An answer holds what was done,
and the simulator alone decides what came of it.
"""
