"""Rules of simplification by family: for a node, the value that it gives by other means."""
