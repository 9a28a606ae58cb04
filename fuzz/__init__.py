"""Random models and data against what any user can check: ``python -m fuzz --fits 5000 --seed 7``.

Nothing here is taken from the library but what its users call: the log-densities and links that it is checked with are
written again, with SciPy's special functions.
"""
