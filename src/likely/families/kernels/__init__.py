"""Fused rows of hot families, one file a family; each is proven equal to the derived one by a test."""
