"""Programs: primitives, values, the interpreter stack, graphs and how to read them."""
