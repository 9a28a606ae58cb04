"""How the peak of a function is found. Solvers know functions, never families."""
