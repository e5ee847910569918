"""Sample efficiency of world models: scores by data and compute, at equal size, budget and tuning."""
