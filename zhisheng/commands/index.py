"""``zhisheng index``: the role without a subcommand; else a look at the search index, or work on it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from config.settings import Settings
from core.clock import monotonic
from core.errors import ConfigurationError
from core.index_rebuild import IndexRebuild, RebuildProgress
from core.index_verification import IndexVerification, VerificationReport
from core.notices import clear_notice
from core.search import SEARCH_ENGINES, DocumentSearch
from core.wakeup import Wakeup
from zhisheng.catching_up import OUTDATED, WAIT_S, index_worker, runs
from zhisheng.cli import PARTLY, pass_settings, print_json
from zhisheng.commands.role import HELP, run_role
from zhisheng.index_state import index_state, is_well
from zhisheng.services import Services, open_search, open_services

_SAY_EVERY_S = 2.0

engine_option = click.option(
    "--engine",
    "engine",
    type=click.Choice(list(SEARCH_ENGINES)),
    default=None,
    help="检索引擎；不写就是本机正在用的那个。",
)


@click.group(
    name="index",
    invoke_without_command=True,
    help=f"{HELP['index']}不带子命令就是运行这个角色；子命令查看、重建、核对检索索引。",
)
@click.option("--stop-with-stdin", is_flag=True, hidden=True)
@pass_settings
@click.pass_context
def index(context: click.Context, settings: Settings, *, stop_with_stdin: bool) -> None:
    if context.invoked_subcommand is None:
        run_role(settings, "index", watch_stdin=stop_with_stdin)


@index.command(help="看检索索引的状态，输出一个 JSON 对象；不可用或延迟超过 10 分钟时退出码为 1。")
@engine_option
@pass_settings
def status(settings: Settings, *, engine: str | None) -> None:
    with (
        open_services(settings, start_database=False) as services,
        _opened(services, engine) as search,
    ):
        health = search.health()
        with services.sessions() as session:
            state = index_state(session, health, services.clock.now())
    print_json(state)
    if not is_well(state):
        sys.exit(PARTLY)


@index.command(help="从数据库重建检索索引；期间旧索引照常应答，新的内容不会丢，完成时一步切换。")
@engine_option
@pass_settings
def rebuild(settings: Settings, *, engine: str | None) -> None:
    say = _Speaker()
    began = monotonic()

    def tell(progress: RebuildProgress) -> None:
        rate = progress.done / max(monotonic() - began, 0.001)
        text = f"已编入 {progress.done} / {progress.total} 条，每秒 {rate:.0f} 条。"
        say(
            "全部编入，正在补上期间的变化并切换。" if progress.is_catching_up else text,
            is_due=progress.is_catching_up,
        )

    with open_services(settings) as services, _opened(services, engine) as search:
        result = IndexRebuild(
            engine=services.engine,
            sessions=services.sessions,
            clock=services.clock,
            search=search,
            progress=tell,
        ).run()
        if search.name == services.search_engine:
            with services.sessions.begin() as session:
                clear_notice(session, OUTDATED, services.clock.now())
    report = {"engine": search.name, **dataclasses.asdict(result)}
    print_json({**report, "seconds": round(monotonic() - began, 1)})
    if result.failed:
        click.echo(
            "有的内容没有编入，角色 index 会再试；再不成就列在系统页的失败工作里。", err=True
        )
        sys.exit(PARTLY)


@index.command(help="把检索索引与数据库逐条核对，并改正不符之处。")
@engine_option
@click.option("--dry-run", is_flag=True, help="只报告，不改正。")
@pass_settings
def verify(settings: Settings, *, engine: str | None, dry_run: bool) -> None:
    say = _Speaker()

    def tell(report: VerificationReport) -> None:
        wrong = report.missing + report.different + report.extra
        say(f"已核对 {report.checked} 条，不符 {wrong} 条。")

    with open_services(settings) as services, _opened(services, engine) as search:
        if not dry_run and search.name != services.search_engine:
            raise ConfigurationError(
                f"{search.name} 不是正在用的检索引擎，不能就地改正；"
                "请加 --dry-run 只看报告，或者用 zhisheng index rebuild 重建。"
            )
        with _working(services) as work:
            report = IndexVerification(
                sessions=services.sessions,
                clock=services.clock,
                search=search,
                work=None if dry_run else work,
                progress=tell,
            ).run()
    print_json(dataclasses.asdict(report))
    if not report.is_right:
        sys.exit(PARTLY)


@contextmanager
def _opened(services: Services, engine: str | None) -> Iterator[DocumentSearch]:
    search = open_search(services.settings, services.home, engine=engine)
    try:
        yield search
    finally:
        search.close()


@contextmanager
def _working(services: Services) -> Iterator[Callable[[], None]]:
    """Lend what brings index work forward: the role where one runs, else this process."""
    worker = index_worker(services)
    pause = Wakeup(services.database_url, frozenset())

    def work() -> None:
        if runs(services, "index") or not worker.step():
            pause.wait(WAIT_S)

    try:
        yield work
    finally:
        worker.close()


class _Speaker:
    """Says how far the work is on standard error, not more often than somebody can read."""

    def __init__(self) -> None:
        self._said_at = monotonic()

    def __call__(self, text: str, *, is_due: bool = False) -> None:
        if is_due or monotonic() - self._said_at >= _SAY_EVERY_S:
            self._said_at = monotonic()
            click.echo(text, err=True)
