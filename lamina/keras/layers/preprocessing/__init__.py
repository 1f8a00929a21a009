"""Layers that turn columns of tables into numbers; some learn from data by `adapt`."""
