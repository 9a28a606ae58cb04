"""To the peak of a log-likelihood, and an honest account of the end.

`peak` and `constrained` choose the way there; `other_peaks`, `plateau`, `singular`, `unbounded` and `separation` ask
whether the place reached is the peak; `failures` says in words why there is none. How it ended is a value: `end`.
"""
