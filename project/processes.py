"""Small truths about Linux processes that the supervisor and the keepers share. Standard library only."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent(with_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn`: the kernel signals the child when the thread that started it is gone, even by kill -9."""
    parent = os.getpid()

    def ask_kernel() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(with_signal))
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return ask_kernel


def started_at(pid: int) -> str | None:
    """The kernel's start tick of a process: with the pid it names one process for good. None: no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def stop(process: "subprocess.Popen[bytes]", *, with_signal: signal.Signals, grace_seconds: float) -> None:
    """Ask, wait, then kill."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(with_signal)
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop_stranger(pid: int, *, with_signal: signal.Signals, grace_seconds: float) -> None:
    """The same for a process that is not our child."""
    born = started_at(pid)
    deadline = time.monotonic() + grace_seconds
    _signal(pid, with_signal)
    while started_at(pid) == born is not None and not _is_zombie(pid):
        if time.monotonic() > deadline:
            _signal(pid, signal.SIGKILL)
            deadline += grace_seconds
        time.sleep(0.05)


def _signal(pid: int, with_signal: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, with_signal)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return True
