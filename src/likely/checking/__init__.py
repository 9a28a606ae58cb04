"""What speaks against a model, and what would serve better: diagnosis, goodness of fit, calibration, comparison."""
