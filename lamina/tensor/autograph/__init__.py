"""Python's control flow on tensors, as parts of graphs.

`conversion` takes a function's text (`source`), has it rewritten (`rewriting`, `expressions`,
`scopes`), and binds the result to what it calls (`runtime`, `loops`, `builtins`).
"""
