"""What follows about rows: predictions, effects, residuals, surprise, influence, simulated observations."""
