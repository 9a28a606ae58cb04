"""How records print: tables of text, and records of curves."""
