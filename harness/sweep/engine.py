"""Makes the batches of a sweep: on processes of this machine, or on a Dask cluster that is there already.

Either is an executor; a few batches are handed out for each worker, and what comes back is kept at once, so the memory is
that of a batch per worker. A worker that dies costs the batches it was at, which are handed out again.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from typing import Any

from harness.suite import UsageError
from harness.sweep.batch import run_batch
from harness.sweep.planning import Sweep
from harness.sweep.store import Store

Progress = Callable[[int, int], None]
AHEAD = 2
"""Batches handed out for each worker: one to make, one to go on with."""
ANSWERS_WITHIN = "10s"
"""How long a Dask scheduler may take to answer."""
DEATHS = 5
"""So many times in a row workers may die without a batch being finished."""


class SweepFailed(Exception):
    """The engine cannot go on; what is finished stays, and the same command takes it up again."""


@dataclass(frozen=True)
class Engine:
    """Somewhere to run: `open` gives an executor for a while, `workers` how many batches it makes at once."""

    open: Callable[[], AbstractContextManager[Executor]]
    workers: Callable[[Executor], int]


def local(workers: int | None = None) -> Engine:
    """Processes of this machine, by default as many as there are processors for us."""
    count = (
        workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else workers or os.cpu_count() or 1
    )
    return Engine(lambda: _processes(count), lambda executor: count)


def in_process() -> Engine:
    """This process alone: the serial reference."""
    return Engine(lambda: nullcontext(_Here()), lambda executor: 1)


def dask(address: str) -> Engine:
    """The workers of a Dask cluster; raises UsageError where Dask is not installed or nobody answers."""
    return Engine(lambda: _cluster(address), lambda executor: sum(executor._client.ncores().values()))  # type: ignore[attr-defined]  # Dask's executor has one


def run_sweep(sweep: Sweep, store: Store, engine: Engine, progress: Progress | None = None) -> None:
    """Makes every batch that the store does not have; `progress(runs done, runs in all)` is called after each.

    Raises UsageError where the folder holds something else, SweepFailed where workers keep dying.
    """
    store.prepare()
    done = sum(len(sweep.batch(number)) for number in store.finished())
    deaths = 0
    if progress is not None:
        progress(done, sweep.total)
    while pending := list(store.pending()):
        before = done
        try:
            with engine.open() as executor:
                for number, part in _made(executor, sweep, pending, AHEAD * engine.workers(executor)):
                    store.keep(number, part)
                    done += len(sweep.batch(number))
                    if progress is not None:
                        progress(done, sweep.total)
        except BrokenProcessPool:
            deaths = deaths + 1 if done == before else 1
            if deaths >= DEATHS:
                raise SweepFailed(f"workers died {deaths} times without finishing a batch") from None


def _made(executor: Executor, sweep: Sweep, numbers: Iterable[int], window: int) -> Iterator[tuple[int, bytes]]:
    """The parts of some batches, as they are finished; no more than `window` are under way."""
    waiting = iter(numbers)
    under_way: dict[Future[bytes], int] = {}
    try:
        while True:
            while len(under_way) < window and (number := next(waiting, None)) is not None:
                under_way[executor.submit(run_batch, sweep.encoded, number)] = number
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                yield under_way.pop(future), future.result()
    finally:
        for future in under_way:
            future.cancel()


@contextmanager
def _processes(count: int) -> Iterator[Executor]:
    """A pool of processes that end with this one, however it ends."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["harness.sweep.batch"])
    pool = ProcessPoolExecutor(count, context, initializer=_start)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start() -> None:
    """What a worker does first: leave interruptions to the parent, and end when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise UsageError("a sweep on a cluster needs Dask; install `harness[dask]`") from None
    try:
        client = distributed.Client(address, timeout=ANSWERS_WITHIN)
    except (OSError, ValueError, TypeError):
        raise UsageError(f"no Dask scheduler answers at `{address}`") from None
    with client:
        if not client.ncores():
            raise UsageError(f"the Dask cluster at `{address}` has no workers")
        yield client.get_executor(pure=False)


class _Here(Executor):
    """Runs what is submitted at once, here."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
