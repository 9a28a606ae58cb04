"""Predictions as SQL: one expression over the columns of the data, which a database evaluates where the rows are.

Links and families are run on a namespace whose numbers are SQL, so no formula of theirs is written again.
"""

from likely.prediction.sql.expression import to_sql

__all__ = ["to_sql"]
