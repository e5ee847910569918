"""D2, fresh twins: are public samples answered better than fresh ones of the same generator?"""
