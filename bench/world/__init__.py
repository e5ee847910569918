"""Sample efficiency of world models: scores against data and compute, at equal size, budget and tuning."""
