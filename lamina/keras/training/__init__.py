"""Training: data in, losses and metrics, the loops."""
