"""The embedded PostgreSQL server: started by the first process, stopped by the last.

Each process that uses the server holds a shared lock on ``use.lock``; the kernel drops it however
the process ends. Starting and stopping happen under the exclusive ``start.lock``. So a server that
survived a kill -9 of everybody is simply found running, and adopted, by the next to come.
"""

import fcntl
import os
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
import structlog
from psycopg import sql

from core.database.cluster import (
    ADMINISTRATOR,
    DATABASE,
    OWNER,
    PORT,
    SYSTEM_FOLDER,
    ClusterFolder,
    cluster_folder,
    create_folders,
    initialise,
    settle_cluster_folder,
    write_configuration,
)
from core.database.programs import Programs, bundled_programs
from core.errors import UnavailableError

log = structlog.get_logger(__name__)

START_ATTEMPTS = 60
PAUSE_S = 0.25
LARGEST_LOG_BYTES = 10_000_000


class EmbeddedServerHandle:
    """One process's share of the running server; closing the last share stops the server."""

    def __init__(
        self, server: "EmbeddedServer", cluster: ClusterFolder, url: str, use_lock: int
    ) -> None:
        self.url = url
        self._server = server
        # Kept, because the home that points to it may be gone by the time of closing.
        self._cluster = cluster
        self._use_lock: int | None = use_lock

    def close(self) -> None:
        if self._use_lock is None:
            return
        use_lock, self._use_lock = self._use_lock, None
        self._server.release(self._cluster, use_lock)


class EmbeddedServer:
    """The server of one home. ``durable=False`` gives up crash safety and is meant for tests."""

    def __init__(
        self, home: Path, *, durable: bool = True, system_folder: Path = SYSTEM_FOLDER
    ) -> None:
        self._home = home
        self._durable = durable
        self._system_folder = system_folder

    @property
    def files(self) -> ClusterFolder:
        return cluster_folder(self._home, self._system_folder)

    def acquire(self) -> EmbeddedServerHandle:
        """Start or adopt the server; raise UnavailableError when it cannot be had."""
        if os.geteuid() == 0:
            self._system_folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        cluster = settle_cluster_folder(self._home, self._system_folder)
        programs = bundled_programs(self._system_folder, data=cluster.data)
        create_folders(cluster, programs)
        start_lock = _locked(cluster.start_lock)
        try:
            self._start_unless_running(cluster, programs)
            use_lock = _locked(cluster.use_lock, shared=True)
        finally:
            os.close(start_lock)
        return EmbeddedServerHandle(self, cluster, self._url(cluster), use_lock)

    def attach(self) -> EmbeddedServerHandle | None:
        """Share a running server; answer None, having made nothing, when none runs."""
        cluster = self.files
        if not cluster.is_initialised():
            return None
        start_lock = _locked(cluster.start_lock)
        try:
            if not _is_answering(cluster):
                return None
            use_lock = _locked(cluster.use_lock, shared=True)
        finally:
            os.close(start_lock)
        return EmbeddedServerHandle(self, cluster, self._url(cluster), use_lock)

    def release(self, cluster: ClusterFolder, use_lock: int) -> None:
        start_lock = _locked(cluster.start_lock)
        try:
            os.close(use_lock)
            last_use = os.open(cluster.use_lock, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(last_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            else:
                self._stop(cluster)
            finally:
                os.close(last_use)
        finally:
            os.close(start_lock)

    def _start_unless_running(self, cluster: ClusterFolder, programs: Programs) -> None:
        if not _is_answering(cluster):
            if not cluster.is_initialised():
                initialise(cluster, programs, durable=self._durable)
            _keep_log_small(cluster)
            write_configuration(cluster, programs, durable=self._durable)
            _start(cluster, programs)
            log.info("embedded_server_started", folder=str(cluster.folder))
        # Also for a server that is found running: its starter may have died right before this.
        _create_owner(cluster)

    def _stop(self, cluster: ClusterFolder) -> None:
        programs = bundled_programs(self._system_folder, data=cluster.data)
        arguments = ("stop", "--wait", "--silent", f"--pgdata={cluster.data}")
        try:
            programs.run("pg_ctl", *arguments, "--mode=fast", "--timeout=60", cwd=cluster.folder)
        except UnavailableError:
            if not cluster.process_file.exists():
                return
            # An immediate stop loses nothing that was committed: the next start replays it.
            programs.run(
                "pg_ctl", *arguments, "--mode=immediate", "--timeout=30", cwd=cluster.folder
            )
        log.info("embedded_server_stopped", folder=str(cluster.folder))

    def _url(self, cluster: ClusterFolder) -> str:
        password = cluster.password_file.read_text(encoding="utf-8")
        return (
            f"postgresql+psycopg://{OWNER}:{quote(password, safe='')}@/{DATABASE}"
            f"?host={quote(str(cluster.socket), safe='/')}"
        )


def _start(cluster: ClusterFolder, programs: Programs) -> None:
    for attempt in range(1, START_ATTEMPTS + 1):
        _remove_stale_lock_files(cluster)
        try:
            # pg_ctl puts the server into a session of its own, out of the reach of Ctrl-C.
            programs.run(
                "pg_ctl",
                "start",
                "--wait",
                "--timeout=60",
                "--silent",
                f"--pgdata={cluster.data}",
                f"--log={cluster.server_log}",
                cwd=cluster.folder,
            )
        except UnavailableError as error:
            if _is_answering(cluster):
                return
            # After a kill -9 of the server itself its children need a moment to notice.
            if attempt == START_ATTEMPTS or not _is_worth_another_try(cluster):
                raise UnavailableError(
                    f"内嵌数据库没有启动，数据未受影响。日志在 {cluster.server_log}。{error}"
                ) from error
            time.sleep(PAUSE_S)
        else:
            return


def _locked(file: Path, *, shared: bool = False) -> int:
    """Wait for the lock; closing the answered descriptor gives it back."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _connected(
    cluster: ClusterFolder, *, user: str, database: str
) -> psycopg.Connection[tuple[object, ...]]:
    password_file = (
        cluster.administrator_password_file if user == ADMINISTRATOR else cluster.password_file
    )
    return psycopg.connect(
        host=str(cluster.socket),
        port=PORT,
        user=user,
        password=password_file.read_text(encoding="utf-8"),
        dbname=database,
        connect_timeout=10,
        autocommit=True,
    )


def _is_answering(cluster: ClusterFolder) -> bool:
    if not cluster.is_initialised() or not cluster.process_file.exists():
        return False
    # The administrator keeps a few connections in reserve, so a full server still answers.
    try:
        with _connected(cluster, user=ADMINISTRATOR, database="postgres"):
            return True
    except psycopg.OperationalError:
        return False


def _create_owner(cluster: ClusterFolder) -> None:
    # The product's own role is no superuser: a hole in it cannot run programs on the host.
    password = cluster.password_file.read_text(encoding="utf-8")
    with _connected(cluster, user=ADMINISTRATOR, database="postgres") as connection:
        owner = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone()
        if owner is None:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                    sql.Identifier(OWNER), sql.Literal(password)
                )
            )
            connection.execute(sql.SQL("GRANT pg_monitor TO {}").format(sql.Identifier(OWNER)))
        database = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
        if database is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER)
                )
            )


def _remove_stale_lock_files(cluster: ClusterFolder) -> None:
    """Remove the lock files of a server that is gone although its number still, or again, exists.

    PostgreSQL itself would refuse to start then. The number names another program after a
    container's restart, and a zombie where the container's first process collects none.
    """
    for file in (cluster.process_file, cluster.socket_lock_file):
        if not file.exists():
            continue
        number = file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
        try:
            command = Path(f"/proc/{int(number)}/cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if os.fsencode(cluster.data) not in command:
            file.unlink(missing_ok=True)


def _is_worth_another_try(cluster: ClusterFolder) -> bool:
    if cluster.process_file.exists() or cluster.socket_lock_file.exists():
        return True
    try:
        with cluster.server_log.open("rb") as stream:
            stream.seek(max(0, cluster.server_log.stat().st_size - 2000))
            tail = stream.read()
    except OSError:
        return False
    return b"still in use" in tail


def _keep_log_small(cluster: ClusterFolder) -> None:
    file = cluster.server_log
    if file.exists() and file.stat().st_size > LARGEST_LOG_BYTES:
        file.replace(file.with_suffix(".log.1"))
