"""Engines: the same parts whoever makes them, and nothing lost or made twice by whoever is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pandas
import pytest

from harness.suite import UsageError
from harness.sweep import Engine, Store, Sweep, SweepFailed, dask, in_process, local, read_frame, run_sweep
from harness.sweep.engine import AHEAD
from tests.sweep.files import SMALL, small, write

LONGER = SMALL.replace("runs: 3", "runs: 40").replace("batch: 2", "batch: 4")


def parts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "parts").glob("*"))}


@pytest.fixture
def serial(tmp_path: Path) -> Path:
    sweep = small(tmp_path)
    run_sweep(sweep, Store(tmp_path / "serial", sweep), in_process())
    return tmp_path / "serial"


def test_two_processes_make_the_same_parts_as_one(tmp_path: Path, serial: Path) -> None:
    sweep, seen = small(tmp_path), []
    run_sweep(sweep, Store(tmp_path / "two", sweep), local(2), lambda done, total: seen.append((done, total)))
    assert parts(tmp_path / "two") == parts(serial)
    assert len(parts(serial)) == 6
    assert seen == [(done, 12) for done in range(0, 13, 2)]


def test_the_results_are_one_table_in_the_order_of_the_runs(serial: Path) -> None:
    frame = read_frame(serial)
    assert list(frame["run"]) == [number for number in range(12) for _ in range(2)]
    assert set(frame["requirement"]) == {"R3", "R6"}
    broken = frame[frame["violations"] > 0]
    assert set(broken["controls.K01"]) == {"off"}
    assert len(broken) == 6


class Flaky(Executor):
    """An executor whose workers die at the second batch they are given, until they have died so often."""

    def __init__(self, deaths: list[int]) -> None:
        self.deaths, self.given = deaths, 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.given += 1
        if self.given > 1 and self.deaths[0] > 0:
            self.deaths[0] -= 1
            future.set_exception(BrokenProcessPool("killed"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def flaky(deaths: int) -> Engine:
    left = [deaths]

    @contextlib.contextmanager
    def opened() -> Iterator[Executor]:
        yield Flaky(left)

    return Engine(opened, lambda executor: 1)


def test_workers_that_die_cost_nothing_but_what_they_were_at(tmp_path: Path, serial: Path) -> None:
    sweep = small(tmp_path)
    run_sweep(sweep, Store(tmp_path / "flaky", sweep), flaky(4))
    assert parts(tmp_path / "flaky") == parts(serial)


def test_workers_that_always_die_are_told_and_what_is_finished_stays(tmp_path: Path) -> None:
    class Dead(Flaky):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(BrokenProcessPool("killed"))
            return future

    sweep = small(tmp_path)
    with pytest.raises(SweepFailed, match="died 5 times without finishing a batch"):
        run_sweep(sweep, Store(tmp_path / "x", sweep), Engine(lambda: contextlib.nullcontext(Dead([0])), lambda e: 1))


def test_no_more_is_under_way_than_a_few_batches_for_each_worker(tmp_path: Path) -> None:
    class Counting(Flaky):
        most = 0

        def __init__(self) -> None:
            self.waiting: list[tuple[Future[Any], Any, Any]] = []

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            self.waiting.append((future, fn, args))
            Counting.most = max(Counting.most, sum(not f.done() for f, _, _ in self.waiting))
            if Counting.most >= AHEAD * 2 or len(self.waiting) >= 6:
                for one, does, given in self.waiting:
                    if not one.done():
                        one.set_result(does(*given))
            return future

    sweep = small(tmp_path)
    run_sweep(sweep, Store(tmp_path / "x", sweep), Engine(lambda: contextlib.nullcontext(Counting()), lambda e: 2))
    assert Counting.most == AHEAD * 2


def test_a_real_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    sweep = small(tmp_path, LONGER)
    pools: list[ProcessPoolExecutor] = []
    engine = local(2)

    @contextlib.contextmanager
    def watched() -> Iterator[Executor]:
        with engine.open() as pool:
            assert isinstance(pool, ProcessPoolExecutor)
            pools.append(pool)
            yield pool

    def kill_one(done: int, total: int) -> None:
        if len(pools) == 1 and done >= 20:
            os.kill(next(iter(pools[0]._processes)), signal.SIGKILL)

    run_sweep(sweep, Store(tmp_path / "killed", sweep), Engine(watched, engine.workers), kill_one)
    assert len(pools) > 1
    assert len(read_frame(tmp_path / "killed")) == 2 * sweep.total


def started(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "harness", "sweep", str(folder / "small.sweep.yaml"), "--out", str(out)]
    return subprocess.Popen([*command, "--workers", "2"], start_new_session=True, stdout=subprocess.DEVNULL)


def wait_until(what: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


def children(pid: int) -> set[int]:
    """The processes of a session, by the id of its first."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == pid and state != "Z":
                    found.add(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for the workers in /proc")
def test_killed_with_everything_and_started_again_it_loses_and_repeats_nothing(tmp_path: Path) -> None:
    write(tmp_path, LONGER)
    out = tmp_path / "out"
    first = started(tmp_path, out)
    wait_until(lambda: len(list(out.glob("parts/*.parquet"))) >= 4)
    first.kill()
    first.wait()
    wait_until(lambda: not children(first.pid))
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("parts/*.parquet")}
    assert 4 <= len(before) < 40, "killed in the middle"
    (out / "parts" / "part-000039.tmp").write_bytes(b"half of a part")
    again = started(tmp_path, out)
    assert again.wait() == 0
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("parts/*")}
    assert len(after) == 40
    assert {name: after[name] for name in before} == before, "no finished batch is made again"
    sweep = small(tmp_path, LONGER)
    run_sweep(sweep, Store(tmp_path / "serial", sweep), in_process())
    pandas.testing.assert_frame_equal(read_frame(out), read_frame(tmp_path / "serial"))
    assert parts(out) == parts(tmp_path / "serial")


def test_a_finished_sweep_makes_nothing_again(tmp_path: Path, serial: Path) -> None:
    def nobody() -> Any:
        raise AssertionError("nobody is needed")

    sweep, seen = small(tmp_path), []
    run_sweep(sweep, Store(serial, sweep), Engine(nobody, lambda e: 1), lambda done, total: seen.append((done, total)))
    assert seen == [(12, 12)]


def test_a_part_that_is_not_whole_is_made_again(tmp_path: Path, serial: Path) -> None:
    whole = parts(serial)
    (serial / "parts" / "part-000002.parquet").write_bytes(whole["part-000002.parquet"][:100])
    sweep = small(tmp_path)
    run_sweep(sweep, Store(serial, sweep), in_process())
    assert parts(serial) == whole


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A scheduler and two worker processes on loopback."""
    pytest.importorskip("distributed", reason="Dask is an extra")
    address = tmp_path / "scheduler.json"
    common = ["--no-dashboard", "--scheduler-file", str(address)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common]
    work = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--host", "127.0.0.1", *common]
    processes = [subprocess.Popen(run, cwd=tmp_path, **quiet)]
    try:
        wait_until(address.exists)
        processes += [subprocess.Popen(work, cwd=tmp_path, env=_path(), **quiet) for _ in range(2)]
        yield _address(address)
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(20)


def _path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(one or os.getcwd() for one in sys.path)}


def _address(file: Path) -> str:
    import json

    return str(json.loads(file.read_text())["address"])


def test_a_dask_cluster_makes_the_same_parts(tmp_path: Path, serial: Path, cluster: str) -> None:
    from distributed import Client

    with Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
    sweep = small(tmp_path)
    run_sweep(sweep, Store(tmp_path / "dask", sweep), dask(cluster))
    assert parts(tmp_path / "dask") == parts(serial)


def test_where_no_scheduler_answers_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.sweep.engine.ANSWERS_WITHIN", "300ms")
    pytest.importorskip("distributed", reason="Dask is an extra")
    sweep: Sweep = small(tmp_path)
    with pytest.raises(UsageError, match="no Dask scheduler answers at"):
        run_sweep(sweep, Store(tmp_path / "x", sweep), dask("tcp://127.0.0.1:9"))


def test_a_hundred_thousand_runs_need_no_more_memory_here_than_a_few_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.sweep.engine.run_batch", lambda plan, number: b"PAR1" + bytes(50_000) + b"PAR1")
    sweep = small(tmp_path, "scenarios: [S13]\nonly: [R3]\nruns: 100000\n")
    store = Store(tmp_path / "many", sweep)
    tracemalloc.start()
    try:
        run_sweep(sweep, store, in_process())
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(store.finished()) == 2_000
    assert most < 5_000_000, f"{most:,} bytes at most"
