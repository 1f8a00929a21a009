"""A script per library, run in that library's environment: one job, one line of JSON."""
