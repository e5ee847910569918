"""Adapters for other world models, which make them a :class:`steelyard.world.protocol.WorldUnderTest`."""
