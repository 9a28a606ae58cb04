"""What is assumed, without rows.

`Asked` is what the user wrote, `Model` what it means: a family and a linear predictor for each of its parameters.
`bind` makes a model of a family, formulas and data; `model.rows(table)` turns any table into `Rows`, the arrays of
some observations.
"""
