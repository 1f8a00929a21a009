"""What runs a graph. A backend is chosen by `config.backend`."""
