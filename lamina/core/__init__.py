"""The ground floor: errors, dtypes, shapes, trees, knobs and registries."""
