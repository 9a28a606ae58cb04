"""What the tests share."""

from __future__ import annotations

import os

# two test processes share two cores: threads of OpenMP that spin while they wait keep the others from working
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# a fault is seen as what it is, and no test takes it for an error in words
os.environ.setdefault("LIKELY_RAISE_FAULTS", "1")
