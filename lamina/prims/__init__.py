"""The primitives: one record each, by family. Strict: equal shapes, equal dtypes, no defaults."""
