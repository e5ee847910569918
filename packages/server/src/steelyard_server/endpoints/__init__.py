"""Endpoints: where models are served that this platform may call; an administrator's list, with their keys."""
