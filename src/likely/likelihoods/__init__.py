"""The sum of log-densities and its derivatives, one file a kind."""
