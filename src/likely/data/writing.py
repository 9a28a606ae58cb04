"""Files, written whole or not at all: what was there before stays until everything new is on the disk."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from likely.errors import OptionError, WriteError


def destination(path: Any, what: str, suffixes: Sequence[str], *, advice: str = "", folders: bool = False) -> Path:
    """Where to write, checked before the work is done.

    Parameters
    ----------
    path : str or path-like
    what : str
        What is written, with its article: "a report".
    suffixes : sequence of str
        Endings of the names of such files, the usual one first; a name without an ending will do, too.
    advice : str
        What else there is to know where the ending is another.
    folders : bool
        Whether to make the folders that are not there.

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        If it is no path, a folder, in a folder that is not there, or has the ending of another kind of file.
    WriteError
        If the file is write-protected, or its folder cannot be made.

    Examples
    --------
    >>> destination("fit.pdf", "a report", (".html", ".htm"))
    Traceback (most recent call last):
    likely.errors.OptionError: a report is written as .html or .htm, and 'fit.pdf' ends in '.pdf'. Name it 'fit.html'
    """
    try:
        target = Path(os.fsdecode(path)).expanduser()
        found = _state(target)
    except (TypeError, ValueError, RuntimeError):
        found, target = None, None
    if target is None or not str(path).strip():
        raise OptionError(f"{what} is written to a file: give its path as text or a Path, found {path!r}")
    if str(target) in (".", "-"):
        raise OptionError(f"{what} is written to a file, and {str(target)!r} names none: name it fit{suffixes[0]}, say")
    name = str(target)
    if found is not None and stat.S_ISDIR(found.st_mode):
        example = target / f"fit{suffixes[0]}"
        raise OptionError(f"{name!r} is a folder: name a file in it, such as {str(example)!r}")
    if target.suffix and target.suffix.lower() not in suffixes:
        better = str(target.with_suffix(suffixes[0]))
        kinds = suffixes[0] if len(suffixes) == 1 else f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
        raise OptionError(
            f"{what} is written as {kinds}, and {name!r} ends in {target.suffix!r}. Name it {better!r}"
            f"{'. ' if advice else ''}{advice}"
        )
    if folders:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(f"make the folder of {name!r}", error) from error
    if not target.parent.is_dir():
        raise OptionError(f"cannot write {name!r}: there is no folder {str(target.parent)!r}; make it first")
    if found is not None and not os.access(target, os.W_OK):
        raise WriteError(f"cannot write {name!r}: the file is write-protected. Name another, or allow it to be written")
    return target


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8, with the line ends that it has; as `write_bytes`."""
    write_bytes(path, content.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole, or leave what is there as it is.

    It is written beside the old one under another name, flushed and renamed, so that a full disk or a kill at any
    moment leaves the old file or the new one. A link keeps pointing where it points, and a file keeps its permissions.
    Devices, pipes and open files (``/dev/stdout``), which hold nothing to keep, are written to directly.

    Parameters
    ----------
    path : Path
        As `destination` gives it.
    content : bytes

    Raises
    ------
    WriteError
        If the system refuses; the message says why.
    """
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to be written to, which is there under its name once all of it was; as `write_bytes`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "new.txt"
    >>> with replacing(path) as file:
    ...     _ = file.write(b"whole")
    ...     path.exists()
    False
    >>> path.read_text()
    'whole'
    """
    try:
        found = _state(path)
        if found is not None and (not stat.S_ISREG(found.st_mode) or _is_open_file(path)):
            with open(os.open(path, os.O_WRONLY | os.O_APPEND), "wb") as file:
                yield file
        else:
            with _beside(Path(os.path.realpath(path)), None if found is None else found.st_mode) as file:
                yield file
    except OSError as error:
        raise _refused(f"write {str(path)!r}", error) from error


@contextmanager
def _beside(path: Path, mode: int | None) -> Iterator[IO[bytes]]:
    """A new file in the same folder, which takes the old one's name once all of it is on the disk."""
    partial = path.with_name(f".likely-{os.getpid()}-{secrets.token_hex(4)}.partial")
    only_new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(partial, only_new, 0o666), "wb") as file:  # less the mask, as any new file
            if mode is not None:
                with suppress(OSError):  # file systems without permissions
                    os.chmod(partial, stat.S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    _settle(path.parent)


def _is_open_file(path: Path) -> bool:
    """Whether a path is the system's name for a file that a process has open, itself or behind links."""
    for _ in range(40):  # as many links as the system follows
        if re.fullmatch(r"/dev/fd|/proc/\d+(/task/\d+)?/fd", os.path.realpath(path.parent)):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / os.readlink(path)
    return False


def _settle(folder: Path) -> None:
    """Have the new name on the disk as well, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _state(path: Path) -> os.stat_result | None:
    """What the system says of a path; None where there is nothing."""
    try:
        return path.stat()
    except OSError:
        return None


def _refused(what: str, error: OSError) -> WriteError:
    """An error of the system in words, with what to do where that is known."""
    advice_by_errno = {
        errno.ENOSPC: "make room, or name a file on another disk",
        errno.EDQUOT: "make room, or name a file on another disk",
        errno.EFBIG: "raise the limit, or name a file on another disk",
        errno.EACCES: "name a file in a folder of yours",
        errno.EPERM: "name a file in a folder of yours",
        errno.EROFS: "name a file on a disk that can be written",
        errno.ENAMETOOLONG: "use a shorter name",
    }
    advice = f"; {advice_by_errno[error.errno]}" if error.errno in advice_by_errno else ""
    return WriteError(f"cannot {what}: {error.strerror or error}{advice}")
