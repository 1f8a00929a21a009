"""What is in a file of a model, seen without making the model or running anything in the file."""

from .reading import inspect
from .report import Finding, Inspection, Layer, Member, Statistics, Weight

__all__ = ["Finding", "Inspection", "Layer", "Member", "Statistics", "Weight", "inspect"]
