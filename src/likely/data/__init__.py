"""What people bring, as columns and designs.

Files, tables of any library and text are read here (`reading`, `tables`, `table`, `texts`), formulas are taken apart
(`formula`), and a formula that has learnt from one table (`learn`) gives the same columns of any other (`design`).
What is written to files goes through `writing`.
"""
