"""The small networks that the kinds of world model are made of."""
