"""Matrices, sums over rows, and peaks of functions: no statistics."""
