"""Tensors, variables, tapes and traced functions."""
