"""The PostgreSQL server of a test session: in memory where there is room, since each test copies a database.

On ext4 a copy is five times slower while the files of dropped databases are still being forgotten.
"""

import fcntl
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from core.database.embedded import EmbeddedServer

_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own with a random name is made in it)
_NEEDED_BYTES = 2 * 1024**3


def make_server(on_disk: Path) -> tuple[EmbeddedServer, Path]:
    """Make a server that is not crash-safe, and name the folder to delete when it has stopped."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _NEEDED_BYTES:
        server = EmbeddedServer(on_disk, durable=False)
        return server, server.files.folder
    folder = _MEMORY / f"zhisheng-tests-{os.getuid()}"
    folder.mkdir(mode=0o755, exist_ok=True)
    _remove_leftovers(folder)
    home = Path(tempfile.mkdtemp(dir=folder))
    # The server's user, where it is another one, passes through here to its own folder.
    home.chmod(0o755)
    return EmbeddedServer(home, durable=False, system_folder=home / "root"), home


def _remove_leftovers(folder: Path) -> None:
    """Stop and delete the servers of sessions that were killed: nobody else frees their memory."""
    for home in folder.iterdir():
        # Another session may be deleting its own folder at this moment.
        with suppress(OSError):
            for lock in home.rglob("use.lock"):
                _remove_unless_used(home, lock)


def _remove_unless_used(home: Path, lock: Path) -> None:
    handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process_file = lock.parent / "data" / "postmaster.pid"
        if process_file.exists():
            os.kill(int(process_file.read_text().split("\n", 1)[0]), signal.SIGQUIT)
        shutil.rmtree(home, ignore_errors=True)
    finally:
        os.close(handle)
