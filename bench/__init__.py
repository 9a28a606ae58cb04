"""Benchmarks: likely beside other libraries, on the same data, in one run. ``python -m bench`` runs them all."""
