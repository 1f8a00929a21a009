"""The command line: `lamina train`, `lamina predict`."""
