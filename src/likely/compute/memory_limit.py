"""How much memory there is, and amounts of memory in words."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from likely.errors import OptionError

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
UNITS["TIB"] = 2**40
ASSUMED = 4 * 10**9  # bytes, where the system does not say


def as_bytes(amount: Any) -> int:
    """The bytes that an amount of memory says.

    Parameters
    ----------
    amount : str or int
        ``"2GB"``, ``"400 MB"``, ``"1.5GiB"``, or a number of bytes.

    Raises
    ------
    OptionError
        If it says none.

    Examples
    --------
    >>> as_bytes("2GB"), as_bytes("1.5 GiB"), as_bytes(1e6)
    (2000000000, 1610612736, 1000000)
    """
    wanted = "memory is a number of bytes or text such as '2GB' or '400MB'"
    if isinstance(amount, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zA-Z]*)\s*", amount)
        unit = None if found is None else {**UNITS, "K": 10**3, "M": 10**6, "G": 10**9}.get(found[2].upper())
        if found is None or unit is None:
            raise OptionError(f"{wanted}; found {amount!r}")
        number = float(found[1]) * unit
    elif isinstance(amount, bool) or not hasattr(amount, "__float__") or hasattr(amount, "__len__"):
        raise OptionError(f"{wanted}; found {amount!r}")
    else:
        number = float(amount)
    if not 1.0 <= number < 2.0**63:
        raise OptionError(f"{wanted}, at least one byte; found {amount!r}")
    return int(number)


def in_words(size: float) -> str:
    """A number of bytes, rounded to three digits.

    >>> in_words(1_612_000_000), in_words(400e6), in_words(999)
    ('1.61 GB', '400 MB', '999 bytes')
    """
    for unit in ("TB", "GB", "MB", "kB"):
        if (count := size / UNITS[unit.upper()]) >= 1.0:
            return f"{count:.3g} {unit}" if count < 999.5 else f"{count:,.0f} {unit}"
    return f"{size:.0f} bytes"


def available() -> int:
    """Bytes that this process may still take: what the system has, within the limits of its control group."""
    found = [_of_system(), *_of_groups()]
    return max(0, min(amount for amount in found if amount is not None))


def _of_system() -> int:
    """What the system can give without swapping; all of its memory where it says no more than that."""
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return ASSUMED


def _of_groups(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> list[int]:
    """What the control groups that this process is in leave it (Linux, versions 1 and 2)."""
    out = []
    for line in _lines(own):
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / "memory" if controllers else root
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if controllers else ("memory.max", "memory.current")
        folder = top / path.lstrip("/")
        for one in (folder, *folder.parents):
            limit, used = (_number(one / name) for name in names)
            if limit is not None and used is not None:
                out.append(limit - used + _reclaimable(one))
            if one == top:
                break
    return out


def _reclaimable(group: Path) -> int:
    """Bytes of files that a group could give back at once."""
    for line in _lines(group / "memory.stat"):
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    text = "".join(_lines(path)[:1]).strip()
    return int(text) if text.isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
