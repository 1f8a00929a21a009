"""TensorFlow's names as compositions of primitives."""
