"""Measurements of speed, side by side with others. None of them is a test."""
