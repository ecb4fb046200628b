"""Searching, and reading one document."""

import datetime as dt
import html
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from core.claims import enqueue
from core.clock import FakeClock
from core.database.models.collecting import Document
from core.database.models.operations import AuditEntry, Queue
from core.database.models.understanding import Story
from core.database.sessions import Sessions
from core.errors import UnavailableError
from core.indexing import load_documents
from core.search.base import (
    Breakdown,
    FacetField,
    HistogramBucket,
    Interval,
    SearchPage,
    SearchQuery,
    TermCount,
)
from core.search.tantivy_engine import TantivySearch
from tests.webui.conftest import sign_in
from tests.webui.content import Content, Post
from webui.application import create_app

FRAGMENT = {"HX-Request": "true"}


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def next_page(page: str) -> str:
    """Give the address of the page after this one."""
    addresses = [part.partition('"')[0] for part in page.split('href="')]
    return next(one for one in addresses if "cursor=" in one).replace("&amp;", "&")


def test_finds_are_marked_and_everything_else_is_escaped(
    analyst: FlaskClient, content: Content
) -> None:
    content.post(Post(title="<script>讨说法</script>", text="<b>明早</b>去门口讨说法"))
    page = text(analyst, "/documents?q=讨说法")
    assert "&lt;script&gt;<mark>讨说法</mark>&lt;/script&gt;" in page
    assert "&lt;b&gt;明早&lt;/b&gt;去门口<mark>讨说法</mark>" in page


def test_fragment_holds_the_results_alone(analyst: FlaskClient, content: Content) -> None:
    content.post(Post())
    answer = analyst.get("/documents?q=欠薪", headers=FRAGMENT)
    page = answer.get_data(as_text=True)
    assert "<html" not in page
    assert "共 1 条" in page
    assert "HX-Request" in answer.headers["Vary"]


def test_wrong_expression_shows_where_and_offers_a_repair(
    analyst: FlaskClient, content: Content
) -> None:
    content.post(Post())
    page = text(analyst, "/documents?q=欠薪 AND (工地")
    assert "表达式有误" in page
    assert "<mark>(</mark>" in page
    assert "没有执行检索" in page


def test_filters_stay_in_the_address_and_each_can_be_dropped(
    analyst: FlaskClient, content: Content
) -> None:
    content.posts([Post(), Post(platform="微博", source="微博话题", polarity="neutral")])
    page = text(analyst, "/documents?q=欠薪&platform=论坛&polarity=negative&range=24h")
    assert "共 1 条" in page
    assert 'aria-label="去掉条件：平台：论坛"' in page
    assert 'name="platform" value="论坛"' in page


def test_facet_with_a_filter_still_counts_its_other_values(
    analyst: FlaskClient, content: Content
) -> None:
    content.posts([Post(), Post(platform="微博", source="微博话题")])
    page = text(analyst, "/documents?platform=论坛")
    assert "微博" in page.partition("按类别筛选")[2]


def test_nothing_found_names_the_condition_to_drop(analyst: FlaskClient, content: Content) -> None:
    content.post(Post())
    page = text(analyst, "/documents?q=欠薪&polarity=positive")
    assert "没有符合全部条件的信息" in page
    assert "去掉 情感：正面，可得 1 条" in page


def tell_story(content: Content, ids: list[int], *, first: int) -> int:
    """Make the documents one story and index it."""
    with content.console.sessions.begin() as session:
        story = Story(
            first_document_id=first,
            title="工地欠薪",
            first_published_at=content.now,
            last_published_at=content.now,
            documents=len(ids),
        )
        session.add(story)
        session.flush()
        for document in session.scalars(select(Document).where(Document.id.in_(ids))):
            document.story_id = story.id
            document.revision += 1
        story_id = story.id
    with content.console.sessions() as session:
        content.console.reader.index(load_documents(session, ids))
    content.console.reader.refresh()
    return story_id


def test_reprints_are_folded_under_the_first_publisher(
    analyst: FlaskClient, content: Content
) -> None:
    ids = content.posts(
        [Post(hours_ago=1), Post(hours_ago=2, source="河湾新闻网"), Post(hours_ago=3)]
    )
    story = tell_story(content, ids[:2], first=ids[1])
    page = text(analyst, "/documents?q=欠薪")
    assert "共 3 条" in page
    assert page.count("<h3>") == 2
    assert "同稿 2 条" in page
    assert "首发 河湾新闻网" in page
    assert page.index(f"/documents/{ids[1]}?") < page.index(f'/documents/{ids[0]}"')
    alone = text(analyst, "/documents?q=欠薪&fold=no")
    assert alone.count("<h3>") == 3
    assert f"/documents?story={story}&amp;sort=oldest" in alone
    assert "折叠同稿" in alone


def test_first_publisher_is_named_though_it_is_no_hit(
    analyst: FlaskClient, content: Content
) -> None:
    ids = content.posts(
        [
            Post(hours_ago=1, source="晚报"),
            Post(hours_ago=2, source="论坛转载"),
            Post(hours_ago=9, title="工地停工", text="无", source="河湾新闻网"),
        ]
    )
    tell_story(content, ids, first=ids[2])
    page = text(analyst, "/documents?q=欠薪")
    assert "首发是 <a" in page
    assert "它不符合现在的条件" in page
    assert "同稿 2 条" in page
    assert "同一稿件全部 3 篇" in page


def test_folded_story_is_not_repeated_on_the_next_page(
    analyst: FlaskClient, content: Content
) -> None:
    ids = content.posts([Post(title=f"欠薪第{n}条", hours_ago=n) for n in range(1, 32)])
    tell_story(content, [ids[0], ids[5], ids[30]], first=ids[0])
    first = text(analyst, "/documents?q=欠薪")
    assert first.count("<h3>") == 20
    second = text(analyst, next_page(first))
    assert second.count("<h3>") == 9
    assert "第31条" not in second


def test_paging_goes_on_where_the_page_ended(analyst: FlaskClient, content: Content) -> None:
    content.posts([Post(title=f"欠薪第{number}条", hours_ago=number) for number in range(1, 26)])
    first = text(analyst, "/documents?q=欠薪")
    assert "欠薪</mark>第20条" in first
    assert "欠薪</mark>第21条" not in first
    second = text(analyst, next_page(first))
    assert "欠薪</mark>第21条" in second
    assert "欠薪</mark>第20条" not in second


def test_period_is_chosen_by_links_and_can_be_left_again(
    analyst: FlaskClient, content: Content
) -> None:
    content.posts([Post(hours_ago=1), Post(hours_ago=30), Post(hours_ago=31)])
    page = text(analyst, "/documents?q=欠薪&range=7d")
    bar = html.unescape(page.partition('<svg viewBox="0 0 720')[2].partition('<a href="')[2])
    chosen = bar.partition('"')[0]
    assert parse_qs(chosen.partition("?")[2]) == {
        "q": ["欠薪"],
        "since": ["2026-11-20T02:00"],
        "until": ["2026-11-20T03:00"],
    }
    narrowed = text(analyst, chosen)
    assert "共 1 条" in narrowed
    assert "已选 <b>2026-11-20 02:00 至 2026-11-20 03:00</b>" in narrowed
    assert "去掉条件：时间：2026-11-20 02:00 至 2026-11-20 03:00" in narrowed
    assert '<a href="/documents?q=%E6%AC%A0%E8%96%AA">回到全部时间</a>' in narrowed
    assert "自选时段" in narrowed
    assert 'name="since" value="2026-11-20T02:00"' in narrowed


def test_whole_days_are_said_as_days(analyst: FlaskClient, content: Content) -> None:
    content.posts([Post(hours_ago=1), Post(hours_ago=24)])
    whole = text(analyst, "/documents?since=2026-11-20T00:00&until=2026-11-21T00:00")
    assert "共 1 条" in whole
    assert "已选 <b>2026-11-20</b>" in whole
    assert "共 2 条" in text(analyst, "/documents?since=2026-11-20&range=all")
    assert "共 2 条" in text(analyst, "/documents?since=nonsense&until=99999-99-99")


def test_what_has_no_topic_is_counted_and_found(analyst: FlaskClient, content: Content) -> None:
    content.posts([Post(), Post(topics=()), Post(topics=(), regions=("320000", "320100"))])
    page = text(analyst, "/documents?q=欠薪")
    assert "未归入主题</span><b>2</b>" in page
    assert "未提到地区</span><b>2</b>" in page
    unknown = text(analyst, "/documents?q=欠薪&topic=none")
    assert "共 2 条" in unknown
    assert "去掉条件：主题：未归入主题" in unknown
    assert "共 3 条" in text(analyst, "/documents?q=欠薪&topic=none&topic=wage_arrears")
    assert "共 1 条" in text(analyst, "/documents?q=欠薪&topic=none&region=none")


ADVICE = {
    "q=欠薪 宇航员": "去掉 “宇航员”，可得 2 条",
    "q=标题:月底": "不限位置：标题含“月底”，可得 2 条",
    "q=工地 NEAR/2 说法": "不限相隔 2 个字以内，可得 2 条",
    "q=欠薪 -(工友 OR 晚霞)": "去掉 不含 “工友”，可得 2 条",
    "q=欠薪&platform=微博&platform=视频": "去掉 平台：微博、视频，可得 2 条",
    "q=欠薪&since=2026-01-01&until=2026-01-02": "去掉 时间：2026-01-01 至 2026-01-02，可得 2 条",
    "q=欠薪 宇航员&polarity=positive": "去掉 “宇航员” 和 情感：正面，可得 2 条",
}


def test_nothing_found_says_what_to_change(analyst: FlaskClient, content: Content) -> None:
    content.posts([Post(), Post()])
    for query, advice in ADVICE.items():
        page = html.unescape(text(analyst, f"/documents?{query}"))
        assert advice in page, query
        address = page.partition(advice)[0].rpartition('href="')[2].partition('"')[0]
        assert "共 2 条" in text(analyst, address), query


def test_conditions_alone_are_counted_where_none_alone_helps(
    analyst: FlaskClient, content: Content
) -> None:
    content.post(Post())
    page = html.unescape(text(analyst, "/documents?q=欠薪 宇航员 晚霞"))
    alone = page.partition("各条件单独检索")[2]
    assert alone.count("一条也没有") == 2
    assert "1 条" in alone
    assert "去掉 “宇航员” 和 “晚霞”，可得 1 条" in page


def test_index_behind_is_said(
    analyst: FlaskClient, content: Content, clock: FakeClock, sessions: Sessions
) -> None:
    id_ = content.post(Post())
    with sessions.begin() as session:
        enqueue(session, Queue.INDEX, [id_], clock.now())
    assert "索引延迟" not in text(analyst, "/documents")
    clock.advance(dt.timedelta(minutes=7))
    assert "索引延迟 7 分钟" in text(analyst, "/documents")


def test_engine_that_does_not_answer_is_said_without_losing_what_was_typed(
    analyst: FlaskClient, content: Content
) -> None:
    content.post(Post())
    folder = content.console.settings.home / "index"
    content.console.reader.close()
    shutil.rmtree(folder)
    folder.write_text("no folder", encoding="utf-8")
    for headers in ({}, FRAGMENT):
        answer = analyst.get("/documents?q=欠薪&platform=论坛", headers=headers)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 503
        assert "检索引擎没有应答" in page
        assert "重新检索" in page
        assert ('value="欠薪"' in page) == (not headers)


class PartlyDown(TantivySearch):
    """Finds, but cannot count over time or by value; keeps what it was asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[str] = []

    def search(self, query: SearchQuery) -> SearchPage:
        self.asked.append("search")
        return super().search(query)

    def facets(
        self, query: SearchQuery, fields: Sequence[FacetField], *, size: int = 20
    ) -> Mapping[FacetField, tuple[TermCount, ...]]:
        self.asked.append("facets")
        raise UnavailableError(f"没有数成：{query} {fields} {size}")

    def histogram(
        self, query: SearchQuery, *, interval: Interval, by: Breakdown | None = None
    ) -> tuple[HistogramBucket, ...]:
        self.asked.append("histogram")
        raise UnavailableError(f"没有数成：{query} {interval} {by}")


def test_hits_are_shown_though_counting_fails_and_nothing_is_asked_twice(
    content: Content,
) -> None:
    content.posts([Post(), Post(hours_ago=2)])
    reader = PartlyDown(content.console.settings.home / "index")
    app = create_app(replace(content.console, reader=reader))
    client = app.test_client()
    sign_in(client, "sunyue")
    page = text(client, "/documents?q=欠薪")
    assert "共 2 条" in page
    assert "分类计数、时间分布暂时取不到" in page
    assert reader.asked == ["search", "facets", "histogram"]


def test_hits_carry_source_level_original_and_fingerprint(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = content.post(Post())
    with sessions() as session:
        digest = session.get_one(Document, id_).content_hash.hex()
    page = text(analyst, "/documents")
    assert '河湾论坛<span class="hint">（公众发布）</span>' in page
    assert f"<code>{digest[:10]}</code>" in page
    assert f'id="hash-{id_}" aria-hidden="true">{digest}<' in page
    assert 'rel="noreferrer noopener" target="_blank"' in page
    assert "内容指纹是什么" in text(analyst, f"/documents/{id_}")


def test_order_by_heat_and_by_relevance(analyst: FlaskClient, content: Content) -> None:
    content.posts(
        [
            Post(title="甲帖", text="欠薪", hours_ago=1, reposts=2),
            Post(title="乙帖", text="欠薪，" * 9, hours_ago=2, reposts=900),
            Post(title="丙帖", text="欠薪" + "没有别的词" * 30, hours_ago=3),
        ]
    )
    hottest = text(analyst, "/documents?q=欠薪&sort=hottest")
    assert hottest.index("乙帖</a>") < hottest.index("甲帖</a>") < hottest.index("丙帖</a>")
    relevant = text(analyst, "/documents?q=欠薪&sort=relevance")
    assert relevant.index("乙帖</a>") < relevant.index("甲帖</a>") < relevant.index("丙帖</a>")
    assert "没有可打分的词" in text(analyst, "/documents?platform=论坛&sort=relevance")


def test_search_goes_on_as_a_topic(analyst: FlaskClient, content: Content) -> None:
    content.post(Post())
    page = html.unescape(text(analyst, "/documents?q=欠薪&polarity=negative&sort=oldest"))
    assert 'href="/standing-topics/new?q=%E6%AC%A0%E8%96%AA&polarity=negative"' in page
    assert 'data-key="t"' in page


def test_stale_cursor_leads_back_to_the_first_page(analyst: FlaskClient, content: Content) -> None:
    content.post(Post())
    assert "回到第一页" in text(analyst, "/documents?cursor=nonsense")


def test_a_message_shows_whether_its_office_has_answered(
    analyst: FlaskClient, content: Content, sessions: Sessions, clock: FakeClock
) -> None:
    message = content.post(Post())
    reply = content.post(Post(title="答复", url="https://b.example.com/1#reply"))
    with sessions.begin() as session:
        session.execute(
            update(Document)
            .where(Document.id == message)
            .values(answer_state="replied", answered_at=clock.now())
        )
        session.execute(
            update(Document)
            .where(Document.id == reply)
            .values(thread_id=message, kind="official_reply")
        )
    assert "已回复（2026" in text(analyst, f"/documents/{message}")
    assert f'<a href="/documents/{message}">所答复的留言</a>' in text(
        analyst, f"/documents/{reply}"
    )


def test_document_page_shows_annotations_and_is_logged(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = content.post(Post())
    page = text(analyst, f"/documents/{id_}?q=月底")
    assert "<mark>月底</mark>" in page
    assert "欠薪与工资支付" in page
    assert "模型" in page
    assert 'rel="noreferrer noopener"' in page
    with sessions() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "document.read")
        ).one()
    assert entry.object_id == str(id_)


def test_nothing_is_shown_of_a_document_before_its_analysis(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = content.post(Post(title="覃桂芳讨薪", text="我叫覃桂芳"))
    with sessions.begin() as session:
        session.execute(update(Document).where(Document.id == id_).values(analysed_at=None))
    page = text(analyst, f"/documents/{id_}")
    assert "正在分析，稍后可读" in page
    assert "覃桂芳" not in page
    assert "覃桂芳" not in text(analyst, "/documents")


def test_address_that_is_no_web_address_is_never_a_link(
    analyst: FlaskClient, content: Content
) -> None:
    id_ = content.post(Post(url="javascript:alert(1)"))
    assert "javascript:" not in text(analyst, f"/documents/{id_}")
    assert "javascript:" not in text(analyst, "/documents")


def test_deleted_document_answers_in_plain_words(analyst: FlaskClient) -> None:
    answer = analyst.get("/documents/999")
    assert answer.status_code == 404
    assert "保存期限" in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/documents", "/documents/1"])
@pytest.mark.parametrize("login", ["outsider", "chenjing", "auditor"])
def test_others_read_nothing(
    client: FlaskClient, content: Content, sessions: Sessions, path: str, login: str
) -> None:
    content.post(Post())
    sign_in(client, login)
    assert client.get(path).status_code == 403
    with sessions() as session:
        assert not session.scalar(select(func.count()).where(AuditEntry.action == "document.read"))


def test_no_interface_asks_for_an_author(analyst: FlaskClient, content: Content) -> None:
    content.post(Post())
    assert "author" not in text(analyst, "/documents?author=x").partition("<main")[2]
