"""Lists of sources in YAML: read with their lines, taken in entry by entry, given out without secrets."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from config.sources import Endpoints, load_sources, read_entries
from core.clock import FakeClock
from core.database.models.collecting import Source, SourceState
from core.database.sessions import Sessions
from core.options import parse_options
from crawlers.source_lists import (
    EntryFate,
    export_list,
    import_list,
    install_starter_sources,
    plan_import,
)
from crawlers.source_types import SOURCE_TYPES
from crawlers.sources import UntriedSourceError, record_trial, resume_source
from tests.crawlers.sources import LOOPBACK

LIST = """\
# 两条好的，几条坏的
- name: 河湾工会网
  kind: list_page
  url: http://127.0.0.1:8/news/
  platform: 工会网站
  level: city
  interval_s: 600
  options:
    link_selector: ul a
- name: 河湾热榜
  kind: trending_list
  url: http://127.0.0.1:8/hot
  platform: 热榜
  level: public
  unverified: true
- name: 没有网址
  kind: feed
  platform: 网站
  level: city
- name: 坏了
  kind: telepathy
  url: http://127.0.0.1:8/
  platform: 网站
  level: 银河
  colour: red
- name: 河湾工会网
  kind: feed
  url: http://127.0.0.1:8/rss
  platform: 网站
  level: city
"""


def test_every_fault_names_its_line() -> None:
    found = read_entries(LIST)
    assert [(entry.name, entry.line) for entry in found.entries] == [
        ("河湾工会网", 2), ("河湾热榜", 10), ("没有网址", 16),
    ]  # fmt: skip
    assert [str(fault).partition("，")[0] for fault in found.faults] == [
        "第 24 行：层级「银河」不对", "第 25 行：有不认识的项「colour」",
        "第 26 行：名称「河湾工会网」和第 2 行的重复。",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: x", "列表"),
        ("- name: a: b\n", "不是正确的 YAML"),
        ("- &a {name: x}\n- *a\n", "引用"),
        ("[" * 3000, "太深"),
        ("- 1\n", "应有名称"),
        ("- {name: x, kind: feed, platform: y, level: city, interval_s: often}", "整数"),
        ("- {name: x, kind: feed, platform: y, level: city, paused: maybe}", "true"),
        ("- {name: x, name: y, kind: feed, platform: y, level: city}", "两次"),
        ("- {name: [x], kind: feed, platform: y, level: city}", "要填一个值"),
        ("- {name: x, kind: feed, platform: y, level: city, adcode: 12}", "六位"),
        ("x" * 600_000, "KB"),
    ],
)
def test_what_is_no_list_is_refused_in_words(text: str, words: str) -> None:
    found = read_entries(text)
    assert found.entries == ()
    assert any(words in str(fault) for fault in found.faults)


@given(st.text(max_size=200) | st.text(alphabet="- :{}[]&*!'\"\nabc", max_size=120))
def test_anything_may_be_pasted_as_a_list(text: str) -> None:
    found = read_entries(text)
    assert all(fault.line >= 1 for fault in found.faults)


def test_a_list_is_planned_taken_in_given_out_and_read_back_unchanged(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions() as session:
        plan = plan_import(session, LIST, policy=LOOPBACK)
        assert session.scalars(select(Source)).all() == []
    assert [(row.line, row.fate) for row in plan.rows] == [
        (2, EntryFate.ADDED), (10, EntryFate.ADDED), (16, EntryFate.REFUSED),
        (24, EntryFate.REFUSED), (26, EntryFate.REFUSED),
    ]  # fmt: skip
    assert "请填写网址" in plan.rows[2].details[0]
    with sessions.begin() as session:
        import_list(session, LIST, policy=LOOPBACK, now=clock.now(), actor="person:1")
    with sessions() as session:
        rows = {row.name: row for row in session.scalars(select(Source))}
        assert (rows["河湾工会网"].state, rows["河湾工会网"].options["link_selector"]) == ("active", "ul a")  # fmt: skip
        assert (rows["河湾热榜"].state, rows["河湾热榜"].needs_trial) == ("paused", True)
        text = export_list(session)
        again = plan_import(session, text, policy=LOOPBACK)
        assert {row.fate for row in again.rows} == {EntryFate.UNCHANGED}
        one = export_list(session, [rows["河湾热榜"].id])
        assert [row["name"] for row in yaml.safe_load(one)] == ["河湾热榜"]
        assert yaml.safe_load(one)[0]["unverified"] is True
        changed = plan_import(session, text.replace("interval_s: 600", "interval_s: 600000"), policy=LOOPBACK)  # fmt: skip
    assert {row.name: row.fate for row in changed.rows}["河湾工会网"] is EntryFate.REFUSED
    with sessions.begin() as session:
        edited = text.replace("platform: 工会网站", "platform: 网站")
        done = import_list(session, edited, policy=LOOPBACK, now=clock.now(), actor="person:1")
        assert [row.details for row in done.rows if row.fate is EntryFate.CHANGED] == [
            ("平台：工会网站 → 网站",)
        ]


def test_the_shipped_lists_can_all_be_read_and_name_only_types_and_options_there_are() -> None:
    entries = load_sources(Endpoints(rsshub="https://rss.our.example", newsnow="https://n.our"))
    assert 40 <= len(entries) <= 80
    assert all(entry.unverified and entry.legal_basis for entry in entries)
    assert not any(".invalid" in (entry.url or "") for entry in entries)
    assert any((entry.url or "").startswith("https://rss.our.example/weibo") for entry in entries)
    for entry in entries:
        source_type = SOURCE_TYPES.load(entry.kind)
        options = parse_options(source_type.options, entry.options)
        assert not source_type().faults(options), entry.name


def test_a_shipped_source_cannot_be_resumed_before_a_trial_has_succeeded(
    sessions: Sessions, clock: FakeClock
) -> None:
    now = clock.now()
    with sessions.begin() as session:
        install_starter_sources(session, Endpoints(), now)
        session.execute(update(Source).where(Source.name == "中工网").values(interval_s=900))
        source_id = session.scalars(select(Source.id).where(Source.name == "中工网")).one()
        with pytest.raises(UntriedSourceError, match="请先试采"):
            resume_source(session, source_id, now=now, actor="person:1")
        record_trial(session, source_id, succeeded=False, now=now, actor="person:1")
        with pytest.raises(UntriedSourceError):
            resume_source(session, source_id, now=now, actor="person:1")
        record_trial(session, source_id, succeeded=True, now=now, actor="person:1")
        resume_source(session, source_id, now=now, actor="person:1")
    with sessions() as session:
        row = session.get_one(Source, source_id)
    assert (row.state, row.needs_trial, row.tried_at) == (SourceState.ACTIVE, False, now)
    assert row.failure_reason is None
