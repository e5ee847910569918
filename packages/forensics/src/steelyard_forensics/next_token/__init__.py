"""D5, the second way: are the next tokens that an endpoint expects those of the weights that are here?"""
