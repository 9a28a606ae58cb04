"""What follows from the sum of log-densities: the objective, covariance, intervals, tests, predictions."""
