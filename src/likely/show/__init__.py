"""How records print and draw themselves."""
