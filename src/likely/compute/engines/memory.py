"""Sums over rows held in memory: blocks that fit in the cache, on a pool of threads.

NumPy and BLAS release the interpreter lock inside a block, so threads run blocks in parallel. Block results are
combined in row order with compensated summation, so the answer does not depend on the number of threads.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from likely.namespace.arrays import Floats
from likely.progress import tell_share

MANY, TOLD = 256, 64  # blocks of a pass that takes long, and after how many of them that is said
Block = Callable[[int, int], tuple[Any, ...]]  # rows lo..hi -> a tuple of sums over these rows


def available_threads() -> int:
    """Threads to use: the processors this process may run on, or LIKELY_THREADS."""
    setting = os.environ.get("LIKELY_THREADS", "")
    if setting.isdigit() and int(setting) > 0:
        return int(setting)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="likely")


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class _Limited:
    """BLAS on the calling thread alone, for as long as at least one caller asks for it.

    Most builds of BLAS have one setting for the whole process, while fits on several threads overlap: each of them may
    not restore what it found, which may be another one's limit. So the first one in limits, the last one out restores.
    Where the setting belongs to the thread (BLAS on OpenMP), the same holds thread by thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared = SimpleNamespace(inside=0, limiter=None)
        self._own = threading.local()

    def _state(self) -> Any:
        if not any(getattr(library, "threading_layer", "") == "openmp" for library in _blas().lib_controllers):
            return self._shared
        if not hasattr(self._own, "inside"):
            self._own.inside, self._own.limiter = 0, None
        return self._own

    def __enter__(self) -> None:
        with self._lock:
            state = self._state()
            if state.inside == 0:
                _any_thread_may_set()
                state.limiter = _blas().limit(limits=1, user_api="blas")
            state.inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            state = self._state()
            state.inside -= 1
            if state.inside == 0:
                self._restore(state)

    @staticmethod
    def _restore(state: Any) -> None:
        _any_thread_may_set()
        state.limiter.restore_original_limits()
        state.limiter = None
        _any_thread_may_set()  # leave no claim behind

    def leave(self) -> None:
        """Forget everyone inside, after a fork."""
        self._lock = threading.Lock()
        if self._shared.inside:
            self._restore(self._shared)
        self._shared.inside = 0


def _any_thread_may_set() -> None:
    """From 3.8 on threadpoolctl obeys only the thread that limited first; ours need not be the one that restores."""
    for library in _blas().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


_limited = _Limited()


def one_blas_thread() -> Any:
    """A context in which BLAS uses the calling thread alone."""
    return _limited


def _after_fork() -> None:
    """A child process has none of its parent's threads: no pool, and nobody inside the limit."""
    _pool.cache_clear()
    _limited.leave()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


_local = threading.local()


def scratch(rows: int, columns: int) -> Floats:
    """A matrix to write into, one for each thread, so that blocks do not ask the system for memory again and again."""
    buffer = getattr(_local, "buffer", None)
    if buffer is None or buffer.size < rows * columns:
        buffer = _local.buffer = np.empty(rows * columns)
    return buffer[: rows * columns].reshape(rows, columns)


def map_blocks(block: Block, n: int, size: int, threads: int | None = None) -> list[tuple[Any, ...]]:
    """`block` applied to consecutive row ranges of at most `size`, in order; on as many threads as there are."""
    if n <= size:
        return [block(0, n)]
    ranges = [(lo, min(lo + size, n)) for lo in range(0, n, size)]
    threads = min(threads or available_threads(), len(ranges))
    with one_blas_thread():  # the blocks are the parallelism; BLAS's own threads would fight it
        if threads == 1:
            return _told((block(lo, hi) for lo, hi in ranges), len(ranges))
        futures: list[Future[tuple[Any, ...]]] = []
        try:
            for lo, hi in ranges:
                futures.append(_pool(threads).submit(block, lo, hi))
            return _told((future.result() for future in futures), len(ranges))
        except BaseException:  # an error in a block, or Ctrl-C: none of the others may run on
            for future in futures:
                future.cancel()
            wait(futures)
            raise


def _told(parts: Iterator[tuple[Any, ...]], count: int) -> list[tuple[Any, ...]]:
    """The results of so many blocks; where they are many it is said how many are there."""
    out: list[tuple[Any, ...]] = []
    for part in parts:
        out.append(part)
        if count >= MANY and (len(out) % TOLD == 0 or len(out) == count):
            tell_share(len(out), count)
    return out


def sum_blocks(block: Block, n: int, size: int, threads: int | None = None) -> tuple[Any, ...]:
    """The sums over all rows: compensated for scalars, in block order for arrays."""
    parts = map_blocks(block, n, size, threads)
    if len(parts) == 1:
        return parts[0]
    return tuple(total([p[i] for p in parts]) for i in range(len(parts[0])))


def group_gram(scores: Any, weights: Any, codes: Any, count: int) -> Floats:
    """The sum over groups of S S' with S the sum of a group's weighted rows."""
    sums = np.zeros((count, scores.shape[1]))
    np.add.at(sums, codes, scores if weights is None else scores * weights[:, None])
    return sums.T @ sums


def total(values: list[Any]) -> Floats | float:
    """Sum of block results: compensated for scalars, in order for arrays."""
    if isinstance(values[0], float):
        try:
            return math.fsum(values)
        except (OverflowError, ValueError):  # infinities of both signs
            return float(np.sum(values))
    out = values[0].copy()
    for value in values[1:]:
        out += value
    return out
