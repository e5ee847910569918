"""What keeps a latent space from collapsing, and what keeps in it what an actor can change."""
