"""How a sum over rows is carried out. Engines know rows and blocks, never families."""
