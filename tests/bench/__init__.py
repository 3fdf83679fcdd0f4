"""Benchmarks: what this service does, beside what one would do without it, in one run and in turns."""
