"""Searching, and reading one document."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from core.database.models.collecting import Document
from core.database.models.operations import AuditEntry
from core.database.models.understanding import Story
from core.database.sessions import Sessions
from core.indexing import load_documents
from tests.webui.conftest import Member, sign_in
from tests.webui.content import Content, Post
from webui.console import Console

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def content(console_for_tests: Console, people: dict[str, Member]) -> Content:
    assert people
    return Content(console_for_tests)


@pytest.fixture
def analyst(client: FlaskClient) -> FlaskClient:
    sign_in(client, "sunyue")
    return client


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
    assert "^" in page
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


def test_stale_cursor_leads_back_to_the_first_page(analyst: FlaskClient, content: Content) -> None:
    content.post(Post())
    assert "回到第一页" in text(analyst, "/documents?cursor=nonsense")


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
