"""A module is run once, whichever is imported first, so that what is unpickled is of the classes that people use."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import likely as lk


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_unpickled_elsewhere_is_of_the_public_class(tmp_path: Path) -> None:
    found = lk.compare(["normal", "gamma"], [1.2, 0.3, 2.7, 0.1, 0.9, 4.1, 0.2, 1.5])
    (tmp_path / "found.pickle").write_bytes(pickle.dumps(found))
    said = run(
        "import pickle\n"
        f"found = pickle.load(open({str(tmp_path / 'found.pickle')!r}, 'rb'))\n"
        "import likely as lk\n"
        "print(isinstance(found, lk.Comparison), isinstance(found.best, lk.Fit), callable(lk.compare))"
    )
    assert said.split() == ["True", "True", "True"]
