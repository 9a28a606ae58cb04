"""What speaks against a model, and what would serve better."""
