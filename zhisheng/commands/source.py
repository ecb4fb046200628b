"""``zhisheng source``: the sources from the terminal, as the console has them."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Protocol

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from core.clock import to_rfc3339
from core.database.models.collecting import Source
from core.errors import InvalidOptionsError
from core.masking import mask
from crawlers.proposal.candidate import SourceCandidate
from crawlers.proposal.proposal import SourceProposal, propose
from crawlers.proposal.trial import SourceTrial, try_source
from crawlers.source_listing import list_sources
from crawlers.source_lists import EntryFate, ListPlan, export_list, import_list, plan_import
from crawlers.source_types import SOURCE_TYPES
from crawlers.sources import (
    SourceDraft,
    create_source,
    draft_of,
    free_name,
    pause_source,
    record_trial,
    resume_source,
)
from zhisheng.cli import PARTLY, pass_settings, print_json
from zhisheng.services import Services, open_services

ACTOR = "system:terminal"
EXCERPT = 80


class Switch(Protocol):
    def __call__(
        self, session: Session, source_id: int, *, now: dt.datetime, actor: str
    ) -> None: ...


_FATES = {
    EntryFate.ADDED: "新增", EntryFate.CHANGED: "修改", EntryFate.UNCHANGED: "不变",
    EntryFate.REFUSED: "拒绝",
}  # fmt: skip
as_json_option = click.option("--json", "as_json", is_flag=True, help="每行输出一个 JSON 对象。")


@click.group(help="数据源：列出、试采、添加、导入、导出。")
def source() -> None:
    pass


@source.command(name="list", help="列出数据源。")
@as_json_option
@pass_settings
def list_(settings: Settings, *, as_json: bool) -> None:
    with open_services(settings) as services, services.sessions() as session:
        untried = set(session.scalars(select(Source.id).where(Source.needs_trial)))
        for row in list_sources(session, services.clock.now()):
            if as_json:
                print_json(
                    {
                        "id": str(row.id), "name": row.name, "kind": row.kind, "url": row.url,
                        "platform": row.platform, "level": row.level, "state": row.state,
                        "health": row.health.value, "needs_trial": row.id in untried,
                        "failure_reason": row.failure_reason,
                        "last_item_at": to_rfc3339(row.last_item_at) if row.last_item_at else None,
                    }
                )  # fmt: skip
            else:
                state = "待试采" if row.id in untried else row.health.value
                click.echo(f"{row.id}\t{state}\t{row.kind}\t{row.name}\t{row.url or ''}")


@source.command(name="try", help="试采：看能采到什么，不入库；成功后才能启用随软件装上的数据源。")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="试所有有网址的数据源。")
@as_json_option
@pass_settings
def try_(settings: Settings, name: str | None, *, everything: bool, as_json: bool) -> None:
    if (name is None) is not everything:
        raise click.UsageError("请给一个数据源的名称，或用 --all。")
    failed = 0
    with open_services(settings) as services:
        for source_id, draft in _drafts(services, name):
            trial = _tried(services, source_id, draft)
            failed += trial.fault is not None
            if as_json:
                print_json({"name": draft.name, "url": draft.url, **_trial_json(trial)})
            else:
                _tell(draft, trial)
    if failed:
        sys.exit(PARTLY)


@source.command(help="启用一个暂停的数据源；随软件装上的要先试采成功。")
@click.argument("name")
@pass_settings
def resume(settings: Settings, name: str) -> None:
    _switch(settings, name, resume_source)
    click.echo(f"「{name}」已启用，运行中的采集几秒后开始。")


@source.command(help="暂停一个数据源；已有信息不受影响。")
@click.argument("name")
@pass_settings
def pause(settings: Settings, name: str) -> None:
    _switch(settings, name, pause_source)
    click.echo(f"「{name}」已暂停。")


def _switch(settings: Settings, name: str, switch: Switch) -> None:
    with open_services(settings) as services:
        ((source_id, _),) = _drafts(services, name)
        with services.sessions.begin() as session:
            switch(session, source_id, now=services.clock.now(), actor=ACTOR)


def _drafts(services: Services, name: str | None) -> list[tuple[int, SourceDraft]]:
    statement = select(Source).where(Source.url.is_not(None)).order_by(Source.name)
    if name is not None:
        statement = select(Source).where(Source.name == name)
    with services.sessions() as session:
        found = [(row.id, draft_of(row)) for row in session.scalars(statement)]
    if name is not None and not found:
        raise click.UsageError(f"没有名为「{name}」的数据源；zhisheng source list 列出全部。")
    return found


def _tried(services: Services, source_id: int, draft: SourceDraft) -> SourceTrial:
    now = services.clock.now()
    trial = try_source(
        draft,
        http=services.http,
        policy=services.policy,
        user_agent=services.http.user_agent,
        now=now,
        keyring=services.keyring,
    )
    with services.sessions.begin() as session:
        record_trial(session, source_id, succeeded=trial.fault is None, now=now, actor=ACTOR)
    return trial


def _trial_json(trial: SourceTrial) -> dict[str, object]:
    robots = trial.robots_finding
    return {
        "ok": trial.fault is None,
        "fault": trial.fault,
        "robots": robots.verdict.value if robots else None,
        "robots_rule": robots.rule.text if robots and robots.rule else None,
        "crawl_delay_s": robots.crawl_delay_s if robots else None,
        "encoding": trial.encoding,
        "links": trial.links_found,
        "items": [
            {
                "title": mask(item.title).text,
                "url": item.url,
                "published_at": to_rfc3339(item.published_at) if item.published_at else None,
                "text": mask(item.text).text[:EXCERPT],
            }
            for item in trial.items
        ],
    }


def _tell(draft: SourceDraft, trial: SourceTrial) -> None:
    robots = trial.robots.value if trial.robots else "没有检查"
    click.echo(f"{draft.name}\trobots.txt {robots}\t编码 {trial.encoding or '—'}")
    if trial.fault:
        click.echo(f"  {trial.fault}")
    for item in trial.items:
        at = to_rfc3339(item.published_at) if item.published_at else "时间不明"
        click.echo(f"  {at}\t{mask(item.title).text}\t{item.url}")


@source.command(help="看一个网址能当什么数据源；加 --yes 就按建议保存。")
@click.argument("url")
@click.option("--yes", is_flag=True, help="按第一个建议保存并启用。")
@click.option("--kind", default=None, type=click.Choice(SOURCE_TYPES.names()), help="指定类型。")
@as_json_option
@pass_settings
def add(settings: Settings, url: str, *, yes: bool, kind: str | None, as_json: bool) -> None:
    with open_services(settings) as services:
        found = propose(
            url,
            http=services.http,
            policy=services.policy,
            user_agent=services.http.user_agent,
            now=services.clock.now(),
            kind=kind,
        )
        saved = _saved(services, found.candidates[0]) if yes and found.candidates else None
    if as_json:
        print_json(_proposal_json(found, saved))
    else:
        for line in _proposal_lines(found, saved):
            click.echo(line)
    if found.fault is not None:
        sys.exit(PARTLY)


def _saved(services: Services, best: SourceCandidate) -> str:
    with services.sessions.begin() as session:
        name = free_name(session, best.draft.name)
        draft = replace(best.draft, name=name)
        try:
            create_source(
                session, draft, policy=services.policy, now=services.clock.now(), actor=ACTOR
            )
        except InvalidOptionsError as error:
            raise click.UsageError(str(error)) from error
    return name


def _proposal_json(found: SourceProposal, saved: str | None) -> dict[str, object]:
    return {
        "url": found.url,
        "fault": str(found.fault) if found.fault else None,
        "robots": found.robots.verdict.value if found.robots else None,
        "encoding": found.encoding.real if found.encoding else None,
        "saved": saved,
        "candidates": [
            {
                **_draft_json(candidate.draft),
                "why": candidate.why,
                "notes": list(candidate.notes),
                "items": [mask(item.title).text for item in candidate.sample.items],
            }
            for candidate in found.candidates
        ],
    }  # fmt: skip


def _draft_json(draft: SourceDraft) -> dict[str, object]:
    fields = asdict(draft)
    del fields["sealed_options"]
    return fields


def _proposal_lines(found: SourceProposal, saved: str | None) -> Iterator[str]:
    if found.fault is not None:
        yield str(found.fault)
    for number, candidate in enumerate(found.candidates, start=1):
        draft = candidate.draft
        yield f"{number}. {draft.name}（{draft.kind}）{draft.url}"
        yield f"   {candidate.why}{''.join(candidate.notes)}"
        yield f"   合规依据：{draft.legal_basis}；间隔 {draft.interval_s} 秒；编码 {candidate.encoding.real}"
        for item in candidate.sample.items:
            yield f"   {mask(item.title).text}"
    if saved is not None:
        yield f"已保存为「{saved}」，运行中的采集几秒后开始。"
    elif found.candidates:
        yield "什么也没有保存；加 --yes 就按第 1 个保存。"


@source.command(
    name="import", help="从 YAML 清单导入；每条要么整条收下，要么整条不收。有被拒的时退出码为 1。"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="只看会怎样，不保存。")
@as_json_option
@pass_settings
def import_(settings: Settings, file: Path, *, dry_run: bool, as_json: bool) -> None:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    with open_services(settings) as services, services.sessions.begin() as session:
        if dry_run:
            plan = plan_import(session, text, policy=services.policy)
        else:
            now = services.clock.now()
            plan = import_list(
                session, text, policy=services.policy, now=now, actor=ACTOR,
                keyring=services.keyring,
            )  # fmt: skip
    _tell_plan(plan, as_json=as_json)
    if plan.count(EntryFate.REFUSED):
        sys.exit(PARTLY)


def _tell_plan(plan: ListPlan, *, as_json: bool) -> None:
    for row in plan.rows:
        if as_json:
            print_json({"line": row.line, "name": row.name, "fate": row.fate.value,
                        "details": list(row.details)})  # fmt: skip
        else:
            click.echo(
                f"第 {row.line} 行\t{_FATES[row.fate]}\t{row.name}\t{'；'.join(row.details)}"
            )
    if not as_json:
        click.echo("，".join(f"{label} {plan.count(fate)} 条" for fate, label in _FATES.items()))


@source.command(help="把数据源导出为 YAML 清单（密钥不导出）；不给文件名就写到标准输出。")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--name", "names", multiple=True, help="只导出这个名称的，可以写多次。")
@pass_settings
def export(settings: Settings, file: Path | None, *, names: tuple[str, ...]) -> None:
    with open_services(settings) as services, services.sessions() as session:
        ids = session.scalars(select(Source.id).where(Source.name.in_(names))).all()
        text = export_list(session, ids if names else None)
    if file is None:
        click.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")
