"""The embedded server: shared, stopped by the last, adopted after a kill, closed to others."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import structlog

from core.database.embedded import EmbeddedServer

REPOSITORY = Path(__file__).parents[3]

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])}

HOLDER = """
import sys
from pathlib import Path
from core.database.embedded import EmbeddedServer
handle = EmbeddedServer(Path(sys.argv[1]), durable=False).acquire()
print("ready", flush=True)
sys.stdin.readline()
handle.close()
print("closed", flush=True)
"""

# Becomes the other user after its imports, which that user may not be able to read.
STRANGER = """
import os, sys
import psycopg
socket, data, password, uid = sys.argv[1:]
os.setgroups([])
os.setgid(int(uid))
os.setuid(int(uid))
try:
    psycopg.connect(host=socket, user="zhisheng", dbname="zhisheng", password=password)
except psycopg.OperationalError as error:
    print(error)
try:
    os.listdir(data)
except PermissionError:
    print("data closed")
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    server = EmbeddedServer(home, durable=False)
    yield home
    left = server.attach()
    if left is not None:
        left.close()
    shutil.rmtree(server.files.folder, ignore_errors=True)


def holder(home: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", HOLDER, str(home)],
        cwd=REPOSITORY,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    assert any(line.strip() == "ready" for line in lines)
    return process


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def is_running(number: int) -> bool:
    # A zombie has no command line any more.
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def server_process(home: Path) -> int:
    file = EmbeddedServer(home).files.process_file
    return int(file.read_text(encoding="utf-8").splitlines()[0])


def test_rows_survive_stop_and_start(home: Path) -> None:
    server = EmbeddedServer(home)
    handle = server.acquire()
    with psycopg.connect(plain(handle.url)) as connection:
        connection.execute("CREATE TABLE saying (words text)")
        connection.execute("INSERT INTO saying VALUES ('工资')")
    handle.close()
    handle.close()
    again = server.acquire()
    with psycopg.connect(plain(again.url)) as connection:
        row = connection.execute(
            "SELECT words, current_setting('TimeZone'), current_setting('server_encoding'), "
            "current_setting('listen_addresses'), current_setting('fsync') FROM saying"
        ).fetchone()
    again.close()
    assert row == ("工资", "UTC", "UTF8", "", "on")


def test_attaching_never_starts_a_server(home: Path) -> None:
    server = EmbeddedServer(home, durable=False)
    assert server.attach() is None
    assert not home.exists()
    server.acquire().close()
    assert server.attach() is None


def test_attached_reader_keeps_the_server_until_it_closes(home: Path) -> None:
    server = EmbeddedServer(home, durable=False)
    first = server.acquire()
    reader = server.attach()
    assert reader is not None
    first.close()
    with psycopg.connect(plain(reader.url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    reader.close()
    assert server.attach() is None


def test_two_processes_share_one_server_and_the_last_stops_it(home: Path) -> None:
    first, second = holder(home), holder(home)
    number = server_process(home)
    first.communicate("\n", timeout=30)
    assert server_process(home) == number
    assert is_running(number)
    second.communicate("\n", timeout=30)
    assert not EmbeddedServer(home).files.process_file.exists()


def test_processes_that_start_together_end_with_one_server(home: Path) -> None:
    server = EmbeddedServer(home, durable=False)
    script = [sys.executable, "-P", "-c", HOLDER, str(home)]
    processes = [
        subprocess.Popen(
            script,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        output, faults = process.communicate("\n", timeout=60)
        assert output.rstrip().endswith("closed"), faults
    assert server.attach() is None


def test_server_of_a_killed_holder_is_adopted_by_the_next(home: Path) -> None:
    process = holder(home)
    number = server_process(home)
    process.kill()
    process.communicate()
    assert is_running(number)
    handle = EmbeddedServer(home, durable=False).acquire()
    assert server_process(home) == number
    handle.close()
    assert not is_running(number)


def test_killed_server_is_started_again(home: Path) -> None:
    server = EmbeddedServer(home, durable=False)
    lost = server.acquire()
    os.kill(server_process(home), signal.SIGKILL)
    handle = server.acquire()
    with psycopg.connect(plain(handle.url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    lost.close()
    handle.close()


def test_number_reused_by_another_program_does_not_stop_the_start(home: Path) -> None:
    server = EmbeddedServer(home, durable=False)
    server.acquire().close()
    server.files.process_file.write_text(f"{os.getpid()}\n{server.files.data}\n", encoding="utf-8")
    server.acquire().close()


def test_interrupt_from_the_terminal_does_not_reach_the_server(home: Path) -> None:
    handle = EmbeddedServer(home, durable=False).acquire()
    number = server_process(home)
    assert os.getsid(number) != os.getsid(0)
    assert os.getpgid(number) != os.getpgid(0)
    handle.close()


def test_wrong_password_is_refused(home: Path) -> None:
    server = EmbeddedServer(home, durable=False)
    handle = server.acquire()
    for user in ("zhisheng", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(
                host=str(server.files.socket), user=user, dbname="zhisheng", password="wrong"
            )
    handle.close()


def test_own_role_may_not_run_programs_on_the_host(home: Path) -> None:
    handle = EmbeddedServer(home, durable=False).acquire()
    with (
        psycopg.connect(plain(handle.url)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("COPY (SELECT 1) TO PROGRAM 'cat'")
    handle.close()


def test_files_are_closed_and_no_parent_changes_its_mode(home: Path) -> None:
    home.parent.chmod(0o711)
    before = stat.S_IMODE(home.parent.stat().st_mode)
    server = EmbeddedServer(home, durable=False)
    handle = server.acquire()
    files = server.files
    for folder in (files.data, files.socket, home):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in (files.password_file, files.administrator_password_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.parent.stat().st_mode) == before
    assert len(os.fsencode(files.socket / ".s.PGSQL.5432")) <= 107
    handle.close()


def test_socket_path_stays_short_in_a_deep_home(tmp_path: Path) -> None:
    files = EmbeddedServer(tmp_path / ("深" * 60)).files
    assert len(os.fsencode(files.socket / ".s.PGSQL.5432")) <= 107


@pytest.mark.skipif(os.geteuid() != 0, reason="需要 root 才能以其他用户身份尝试连接")
@pytest.mark.parametrize("uid", [65533, 65534])
def test_other_local_users_are_kept_out_even_with_the_password(home: Path, uid: int) -> None:
    server = EmbeddedServer(home, durable=False)
    handle = server.acquire()
    files = server.files
    assert server_process(home)
    assert files.data.stat().st_uid not in {0, uid}
    completed = subprocess.run(
        [
            *(sys.executable, "-c", STRANGER),
            *(str(files.socket), str(files.data), files.password_file.read_text(), str(uid)),
        ],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    handle.close()
    assert "Permission denied" in completed.stdout
    assert "data closed" in completed.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="只有 root 才把数据放在主目录之外")
def test_moved_home_keeps_its_data(home: Path, tmp_path: Path) -> None:
    server = EmbeddedServer(home, durable=False)
    server.acquire().close()
    files = server.files
    moved = home.rename(tmp_path / "moved")
    assert EmbeddedServer(moved).files == files
    moved.rename(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="只有 root 才把数据放在主目录之外")
def test_new_home_at_the_path_of_a_deleted_one_starts_empty(home: Path) -> None:
    server = EmbeddedServer(home, durable=False)
    handle = server.acquire()
    with psycopg.connect(plain(handle.url)) as connection:
        connection.execute("CREATE TABLE saying (words text)")
    earlier = server.files
    shutil.rmtree(home)
    with structlog.testing.capture_logs() as events:
        fresh = server.acquire()
    try:
        with psycopg.connect(plain(fresh.url)) as connection:
            assert connection.execute("SELECT to_regclass('saying')").fetchone() == (None,)
        assert server.files.folder != earlier.folder
        assert [event["earlier"] for event in events if "earlier" in event] == [str(earlier.folder)]
        fresh.close()
        # The server of the deleted home is stopped by its last user all the same, its data untouched.
        handle.close()
        assert not earlier.process_file.exists()
        assert earlier.is_initialised()
    finally:
        shutil.rmtree(earlier.folder, ignore_errors=True)
