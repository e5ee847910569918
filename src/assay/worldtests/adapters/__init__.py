"""Other people's world models, made to answer as :class:`assay.worldtests.protocol.WorldUnderTest`."""
