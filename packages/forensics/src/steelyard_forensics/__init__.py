"""What is asked of a model by name alone: identity, order, panels, published outputs, assembly; and the gauntlet."""
