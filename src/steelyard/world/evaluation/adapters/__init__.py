"""Other people's world models, made to answer as :class:`steelyard.world.protocol.WorldUnderTest`."""
