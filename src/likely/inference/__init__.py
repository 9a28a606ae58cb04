"""What follows about parameters: intervals, tests, tables of terms, regions, functions of estimates, the bootstrap.

Everything takes `Estimates`; what people call on a `Fit` is worked out here.
"""
