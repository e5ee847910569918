"""Other people's world models, made to answer as :class:`steelyard.worldtests.protocol.WorldUnderTest`."""
