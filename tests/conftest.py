"""What the tests share."""

from __future__ import annotations

import os

# two test processes share two cores: threads of OpenMP that spin while they wait keep the others from working
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")
