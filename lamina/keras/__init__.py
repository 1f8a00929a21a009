"""Keras on lamina: layers, models, losses, optimizers, training."""
