"""Where training has got to, on disk: written whole or not at all, read without running any code."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from likely.data.writing import write_bytes
from likely.errors import DataError, OptionError
from likely.namespace.torch import torch_module

torch = torch_module()
FORMAT = "likely training checkpoint 2"
SUFFIXES = (".pt", ".pth", ".ckpt", ".checkpoint")
KEYS = {"settings", "history", "best", "model", "optimizer", "scheduler"}


def write(path: Path, settings: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write a checkpoint; a kill at any moment leaves the old one or the new one.

    Parameters
    ----------
    path : Path
        As `likely.data.writing.destination` gives it.
    settings : mapping
        What a run that goes on from here has to share.
    state : mapping
        Tensors and plain values.
    """
    whole = io.BytesIO()
    torch.save({"format": FORMAT, "settings": dict(settings), **state}, whole)
    write_bytes(path, whole.getvalue())


def read(path: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Read a checkpoint of the same run.

    Raises
    ------
    DataError
        If the file is no checkpoint.
    OptionError
        If it is one of another run.
    """
    try:
        with zipfile.ZipFile(path) as file:
            if (damaged := file.testzip()) is not None:
                raise ValueError(f"its part {damaged} is damaged")
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise DataError(
            f"{path} cannot be read as a checkpoint of training ({type(error).__name__}: {error}): give another "
            "path, or remove it to begin anew"
        ) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not found.keys() >= KEYS:
        raise DataError(f"{path} is no checkpoint of likely.losses.torch.train: give another path")
    saved = found["settings"]
    for name, value in settings.items():
        if saved.get(name) != value:
            raise OptionError(
                f"the checkpoint {path} is of another run: its {name} is {saved.get(name)!r}, this one's {value!r}. "
                "Pass resume=False to begin anew, which overwrites it, or give another path"
            )
    return dict(found)
