"""Losses that keep a latent space from collapsing and keep in it what actions change."""
