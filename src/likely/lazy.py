"""Modules that run when something of theirs is first asked for."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, final

AT_HAND = ("__class__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__reduce_ex__", "__spec__")


def promise(name: str) -> None:
    """Put a module where imports find it, to be run later.

    An import that finds its module there leaves the package alone. So a function of a package may share its name with
    the module that it lives in (``lk.fit``, ``likely/fit.py``), and the package is a plain module that can be pickled.

    Parameters
    ----------
    name : str
        The full name of the module.
    """
    if name in sys.modules or (spec := find_spec(name)) is None:
        return
    module = module_from_spec(spec)
    module.__dict__["__promise__"] = threading.RLock()
    module.__class__ = _Promised
    sys.modules[name] = module


@final
class _Promised(ModuleType):
    """A module that has not run, or not to its end."""

    def __getattribute__(self, name: str) -> Any:
        plain = super().__getattribute__
        if name in AT_HAND:
            return plain(name)
        inside = plain("__dict__")
        lock = inside.get("__promise__")
        if lock is None:  # another thread was quicker
            return plain(name)
        with lock:  # threads wait until the module has run; the one that runs it comes in again
            if "__promise__" in inside and not inside.get("__running__"):
                # a module inside a package does not run it: while that imports the module, it would run a second time
                if (
                    "__path__" in inside
                    and name.isidentifier()
                    and find_spec(f"{plain('__name__')}.{name}") is not None
                ):
                    return import_module(f"{plain('__name__')}.{name}")
                inside["__running__"] = True
                try:
                    plain("__spec__").loader.exec_module(self)
                    del inside["__promise__"]
                    self.__class__ = ModuleType  # type: ignore[assignment]
                finally:
                    del inside["__running__"]
            return plain(name)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return import_module, (self.__name__,)  # as cloudpickle sends any module: by its name
