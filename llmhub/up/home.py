"""The data folder as processes share it: one supervisor at a time, sockets, the address in use."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from pathlib import Path

_LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 104 on macOS, 108 on Linux
_LONGEST_NAME = "console.sock"
_DEFAULT_ADDRESS = "http://127.0.0.1:8000"


class HomeTaken(RuntimeError):
    """Another `up` runs on this data folder; the message says which process."""


def take(home: Path) -> int:
    """Return an open file that marks `home` as ours until this process ends, however it ends.

    Raises `HomeTaken` when another process has it.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(file, 20).decode().strip()
        os.close(file)
        raise HomeTaken(
            f"llmhub already runs on {home} (process {owner}, {address(home)}): "
            "stop it first, or set LLMHUB_HOME to another folder"
        ) from None
    os.truncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
    return file


def sockets(home: Path) -> Path:
    """Return the folder for unix sockets: `home`, or where its path is too long a short one of its own."""
    if len(os.fsencode(home / _LONGEST_NAME)) <= _LONGEST_SOCKET_PATH:
        return home
    note = home / "socket-folder"
    if note.exists() and _is_private(known := Path(note.read_text().strip())):
        return known
    folder = Path(tempfile.mkdtemp(prefix="llmhub-"))
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    note.write_text(f"{folder}\n")
    return folder


def _is_private(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) == 0o700


def remember_address(home: Path, url: str, *, listening: str = "") -> None:
    """Note the address people use, which commands print, and the one that this machine listens on."""
    (home / "address").write_text(f"{url}\n{listening or url}\n")


def address(home: Path) -> str:
    """Return where people find the hub of this folder, now or when it was last served."""
    return _addresses(home)[0]


def listening(home: Path) -> str:
    """Return where the hub of this folder listens, or listened last."""
    return _addresses(home)[-1]


def _addresses(home: Path) -> list[str]:
    try:
        return (home / "address").read_text().split() or [_DEFAULT_ADDRESS]
    except FileNotFoundError:
        return [_DEFAULT_ADDRESS]
