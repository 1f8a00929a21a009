"""Utilities of Keras."""
