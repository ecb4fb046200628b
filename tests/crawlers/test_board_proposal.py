"""Message boards and hot lists that are web pages: proposed with the marks that read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from core.clock import SHANGHAI
from core.options import parse_options
from core.outbound.client import HTTPClient
from crawlers.intake import AnswerState
from crawlers.proposal.proposal import SourceProposal, propose
from crawlers.source import FetchedPage, SourceProfile
from crawlers.source_types import SOURCE_TYPES
from tests.crawlers.message_boards import OFFICE, REPLY, Board, hotline, leaders, letters
from tests.crawlers.site import Answer, Site, html
from tests.crawlers.sources import LOOPBACK

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)


def proposal_of(site: Site, path: str) -> SourceProposal:
    http = HTTPClient(LOOPBACK, user_agent="Zhisheng/test")
    return propose(site.url(path), http=http, policy=LOOPBACK, user_agent="Zhisheng/test", now=NOW)


@pytest.mark.parametrize("published", [leaders, letters, hotline])
def test_a_board_is_proposed_with_marks_that_part_message_state_and_reply(
    site: Site, published: Callable[[Site], Board]
) -> None:
    board = published(site)
    best = proposal_of(site, board.path).candidates[0]
    assert best.draft.kind == "message_board", best.why
    assert len(best.sample.items) == 5
    options = parse_options(SOURCE_TYPES.load("message_board").options, best.draft.options)
    profile = SourceProfile(0, "", "message_board", site.url(board.path), options)
    board_type = SOURCE_TYPES.load("message_board")()

    def messages(item: int) -> FetchedPage:
        path = best.sample.items[item].url.removeprefix(site.url(""))
        answer = site.pages[path]
        assert isinstance(answer, Answer)
        return FetchedPage(site.url(path), answer.body, NOW, answer.headers[0][1])

    pending = board_type.parse_linked(messages(0), profile)
    answered = board_type.parse_linked(messages(1), profile)
    opening, reply = answered.documents
    assert opening.text == board.text
    assert opening.published_at == dt.datetime.fromisoformat(board.asked).replace(tzinfo=SHANGHAI)
    assert (opening.answer_state, reply.kind) == (AnswerState.REPLIED, "official_reply")
    assert (reply.text, reply.outlet) == (REPLY, OFFICE)
    assert reply.published_at is not None
    assert reply.published_at.astimezone(SHANGHAI).day == 13
    assert [document.answer_state for document in pending.documents] == [AnswerState.PENDING]
    assert pending.awaits_reply


def test_each_page_of_a_look_is_asked_for_once(site: Site) -> None:
    proposal_of(site, leaders(site).path)
    asked = site.paths()
    assert len(asked) == len(set(asked))


TITLES = ("多地上调最低工资标准", "外卖骑手可参加工伤保险", "女子入职三天被口头辞退", "高温津贴发放标准公布",
          "工厂宿舍起火无人伤亡", "公交司机罢工结束复工", "超时加班企业被点名")  # fmt: skip


def table_of_ranks() -> str:
    rows = "".join(
        f'<tr><td class="td-01">{n}</td><td class="td-02"><a href="/s?q={n}">{title}</a><span>{900 - n}万</span></td></tr>'
        for n, title in enumerate(TITLES, 1)
    )
    pinned = '<tr><td class="td-01"><i></i></td><td class="td-02"><a href="/top">置顶：职工维权热线开通</a></td></tr>'
    return f'<div id="list"><table><tbody>{pinned}{rows}</tbody></table></div>'


def cards_of_heat() -> str:
    cards = "".join(
        f'<div class="item-wrap"><a class="pic" href="/b/{n}">图</a><div class="index_box">{n}</div><div class="box"><a class="title" href="/b/{n}">{title}</a>'
        f'<div class="hot-desc">关于此事的说明</div></div><div class="hot-num">{8_000_000 - n * 1000}</div></div>'
        for n, title in enumerate(TITLES, 1)
    )
    return f'<main><div class="container">{cards}</div></main>'


def list_that_only_falls() -> str:
    rows = "".join(
        f'<li><a href="/t/{n}">{title}</a><em class="num">{50 - n}.{n}万</em></li>'
        for n, title in enumerate(TITLES, 1)
    )
    return f'<ol class="rank-list">{rows}</ol>'


@pytest.mark.parametrize(
    ("body", "first_heat"),
    [(table_of_ranks(), 8_990_000), (cards_of_heat(), 7_999_000), (list_that_only_falls(), 491_000)],
)  # fmt: skip
def test_a_hot_list_that_is_a_page_is_proposed_with_its_ranks_and_heat(
    site: Site, body: str, first_heat: int
) -> None:
    site.pages["/hot"] = html("热搜榜", body)
    best = proposal_of(site, "/hot").candidates[0]
    assert (best.draft.kind, best.draft.interval_s) == ("trending_list", 600)
    assert [item.title for item in best.sample.items] == list(TITLES[:5])
    assert [item.rank for item in best.sample.items] == [1, 2, 3, 4, 5]
    assert best.sample.items[0].views == first_heat


def test_a_list_of_articles_with_readers_and_a_ranking_at_its_side_is_no_hot_list(
    site: Site,
) -> None:
    rows = "".join(
        f'<li><a href="/news/2026/t2026112{n}_{n}.html">{TITLES[n % 7]}的情况通报之{n}</a><i>{300 + n * 37 % 91}</i></li>'
        for n in range(20)
    )
    side = "".join(
        f'<li><b>{n}</b><a href="/news/{n}.html">{title}</a></li>'
        for n, title in enumerate(TITLES, 1)
    )
    site.pages["/news/"] = html("基层动态", f'<ul class="list">{rows}</ul><div class="side"><ul class="top">{side}</ul></div>')  # fmt: skip
    assert proposal_of(site, "/news/").candidates[0].draft.kind == "list_page"
