"""Where the embedded server's files lie, and how they are first made."""

import hashlib
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import structlog

from core.database.programs import Programs, initdb_user
from core.errors import ConfigurationError

log = structlog.get_logger(__name__)

OWNER = "zhisheng"
ADMINISTRATOR = "postgres"
DATABASE = "zhisheng"
PORT = 5432
SYSTEM_FOLDER = Path("/var/lib/zhisheng")
# sun_path holds 108 bytes with its closing zero, and the socket's own name takes its share.
LONGEST_SOCKET_FOLDER = 107 - len(f"/.s.PGSQL.{PORT}")

_HBA = """\
# Written anew at each start.
local all all scram-sha-256
local replication postgres scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class ClusterFolder:
    """The files of one embedded server; as root some of them belong to the service user."""

    folder: Path
    socket: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def start_lock(self) -> Path:
        return self.folder / "start.lock"

    @property
    def use_lock(self) -> Path:
        return self.folder / "use.lock"

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    @property
    def administrator_password_file(self) -> Path:
        return self.folder / "administrator-password"

    @property
    def server_log(self) -> Path:
        return self.folder / "log" / "server.log"

    @property
    def process_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def socket_lock_file(self) -> Path:
        return self.socket / f".s.PGSQL.{PORT}.lock"

    def is_initialised(self) -> bool:
        return (self.data / "PG_VERSION").exists()


def cluster_folder(home: Path, system_folder: Path) -> ClusterFolder:
    """As root the files lie outside the home, because the service user may not enter it.

    A pointer in the home remembers the place, so that a home that is moved keeps its data. Without it the
    answer is where a new cluster would lie: what an earlier home of the same path has left is never reused.
    """
    home = home.resolve()
    if os.geteuid() != 0:
        folder = home / "database"
        return ClusterFolder(folder=folder, socket=_socket_folder(folder))
    pointer = _pointer(home)
    try:
        folder = Path(pointer.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        folder = _unused_folder(home, system_folder)
    return ClusterFolder(folder=folder, socket=_socket_folder(folder))


def settle_cluster_folder(home: Path, system_folder: Path) -> ClusterFolder:
    """Give the home its place for good; of processes that start together one decides for all."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home = home.resolve()
    if os.geteuid() == 0 and not _pointer(home).exists():
        folder = _unused_folder(home, system_folder)
        if _written_first(_pointer(home), str(folder)) and folder != _first_folder(
            home, system_folder
        ):
            log.warning(
                "earlier_database_left_untouched",
                earlier=str(_first_folder(home, system_folder)),
                folder=str(folder),
            )
    return cluster_folder(home, system_folder)


def _pointer(home: Path) -> Path:
    return home / "database.path"


def _first_folder(home: Path, system_folder: Path) -> Path:
    return system_folder / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]


def _unused_folder(home: Path, system_folder: Path) -> Path:
    first = _first_folder(home, system_folder)
    if not first.exists():
        return first
    numbered = (first.with_name(f"{first.name}-{number}") for number in count(2))
    return next(folder for folder in numbered if not folder.exists())


def _socket_folder(folder: Path) -> Path:
    socket = folder / "socket"
    if len(os.fsencode(socket)) <= LONGEST_SOCKET_FOLDER:
        return socket
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path("/tmp") / f"zhisheng-{os.geteuid()}-{name}"  # noqa: S108 - 0700, owner checked


def create_folders(cluster: ClusterFolder, programs: Programs) -> None:
    cluster.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if programs.user is not None:
        # The service user passes through, sees no names, and enters only what is its own.
        os.chown(cluster.folder, 0, programs.user.gid)
        cluster.folder.chmod(0o710)
    for folder in (cluster.server_log.parent, cluster.socket):
        _own_folder(folder, programs)


def _own_folder(folder: Path, programs: Programs) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    expected = os.geteuid() if programs.user is None else programs.user.uid
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid not in {expected, os.geteuid()}:
        raise ConfigurationError(
            f"文件夹 {folder} 不属于本程序的用户，内嵌数据库没有启动。请删除它后重试。"
        )
    folder.chmod(0o700)
    if programs.user is not None:
        os.chown(folder, programs.user.uid, programs.user.gid)


def initialise(cluster: ClusterFolder, programs: Programs, *, durable: bool) -> None:
    """Make the data folder in one step: a half-made one is never found under its name."""
    for left in cluster.folder.glob("draft-*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=cluster.folder))
    for file in (cluster.password_file, cluster.administrator_password_file):
        if not file.exists():
            _write_private(file, secrets.token_urlsafe(32))
    password_copy = draft / "password"
    _write_private(password_copy, cluster.administrator_password_file.read_text(encoding="utf-8"))
    user = None
    if programs.user is not None:
        user = initdb_user(programs.user)
        os.chown(draft, user.uid, user.gid)
        os.chown(password_copy, user.uid, user.gid)
    # The built-in provider sorts and folds alike on every machine, whatever its C library has.
    arguments = [
        f"--pgdata={draft / 'data'}",
        f"--username={ADMINISTRATOR}",
        f"--pwfile={password_copy}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    if not durable:
        arguments.append("--no-sync")
    programs.run("initdb", *arguments, cwd=cluster.folder, user=user)
    if programs.user is not None:
        _give(draft / "data", programs)
    (draft / "data").rename(cluster.data)
    shutil.rmtree(draft)
    _sync_folder(cluster.folder)


def write_configuration(cluster: ClusterFolder, programs: Programs, *, durable: bool) -> None:
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": '"' + str(cluster.socket).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        # Failing statements and the DETAIL of a violated key carry people's words.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    text = "# Written anew at each start.\n" + "".join(
        f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()
    )
    for name, content in (("postgresql.conf", text), ("pg_hba.conf", _HBA)):
        file = cluster.data / name
        _write_private(file, content)
        if programs.user is not None:
            os.chown(file, programs.user.uid, programs.user.gid)


def _write_private(file: Path, text: str) -> None:
    draft = file.with_name(file.name + ".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def _written_first(file: Path, text: str) -> bool:
    """Write a file that is not there yet, whole from its first moment; False when somebody was faster."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    _write_private(draft, text)
    try:
        os.link(draft, file)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _give(folder: Path, programs: Programs) -> None:
    if programs.user is None:
        return
    uid, gid = programs.user.uid, programs.user.gid
    os.chown(folder, uid, gid, follow_symlinks=False)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, uid, gid, follow_symlinks=False)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
