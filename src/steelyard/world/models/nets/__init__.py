"""Small networks that the kinds of world model are put together from."""
