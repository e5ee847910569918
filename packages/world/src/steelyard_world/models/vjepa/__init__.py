"""V-JEPA: a video transformer that learns by predicting, in its own latent space, what a mask hides."""
