"""Adapters for other world models, which make them a :class:`steelyard_world.protocol.WorldUnderTest`."""
