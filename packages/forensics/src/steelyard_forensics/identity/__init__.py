"""D5, identity: is the model that answers the one whose weights are here?"""
