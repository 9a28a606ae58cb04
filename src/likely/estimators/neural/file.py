"""A trained network in one file: arrays and JSON, nothing that runs code when it is read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from likely.data.writing import destination, write_bytes
from likely.errors import DataError, OptionError
from likely.families import FAMILIES
from likely.families.base import Family

FORMAT = "likely network 1"


def write(path: Any, metadata: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write plain facts and arrays, whole or not at all.

    Parameters
    ----------
    path : path
    metadata : mapping
        Ready for JSON.
    arrays : mapping of str to ndarray
    """
    target = destination(path, "a network", (".likely",), folders=True)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as file:
        file.writestr("facts.json", json.dumps({"format": FORMAT, **metadata}, indent=1, default=_plain))
        for name, values in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, np.asarray(values), allow_pickle=False)
            file.writestr(f"{name}.npy", buffer.getvalue())
    write_bytes(target, whole.getvalue())


def read(path: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts and arrays of a file.

    Raises
    ------
    DataError
        If it is no such file.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as file:
            metadata = json.loads(file.read("facts.json"))
            arrays = {
                name.removesuffix(".npy"): np.load(io.BytesIO(file.read(name)), allow_pickle=False)
                for name in file.namelist()
                if name.endswith(".npy")
            }
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise DataError(f"{path} is no saved network of likely: {error}") from None
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise DataError(f"{path} is no saved network of likely, or one of another version")
    return metadata, arrays


def family_of(metadata: Mapping[str, Any]) -> Family:
    """The family of a regressor's metadata; one's own where it was given with them.

    Raises
    ------
    OptionError
        If it is one's own and was not given, or is another one.
    """
    name, family = metadata["family"], metadata.get("given")
    if family is None:
        if name not in FAMILIES:
            raise OptionError(f"{name} is a family of one's own: NeuralRegressor.load(path, family=...)")
        family = FAMILIES[name](**metadata["known"])
    if family.name != name:
        raise OptionError(f"the file's network is for the family {name}, not {family.name}")
    if {k: float(v) for k, v in family.known.items()} != metadata["known"]:
        raise OptionError(f"the file's network is for {name} with the known values {metadata['known']}, not {family!r}")
    return family


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise OptionError(f"a file holds plain options, and {value!r} is none")
