"""审校队列: by deadline, with the difference to what was last reviewed, and four eyes."""

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from core.clock import FakeClock
from core.database.models.media import DraftState
from media_matrix import drafts
from media_matrix.content import DraftEdit
from tests.webui.conftest import Member, post
from tests.webui.newsroom import BODY, Newsroom


@pytest.fixture
def newsroom(console_app: Flask, clock: FakeClock, people: dict[str, Member]) -> Newsroom:
    return Newsroom.open(console_app, clock, people)


def decide(
    newsroom: Newsroom, login: str, review_id: int, action: str, **form: object
) -> TestResponse:
    return post(newsroom.browser(login), f"/reviews/{review_id}/{action}", form)


def state_of(newsroom: Newsroom, draft_id: int) -> str:
    with newsroom.sessions() as session:
        return drafts.find_draft(session, draft_id).state


def test_queue_lists_open_stages_with_their_deadline(newsroom: Newsroom) -> None:
    newsroom.submit(newsroom.draft("等审的稿"))
    page = newsroom.browser("chenjing").get("/reviews").get_data(as_text=True)
    assert "等审的稿" in page
    assert "待初审" in page
    assert "剩 24 小时" in page


def test_empty_queue_shows_what_passed_last(newsroom: Newsroom) -> None:
    newsroom.approved("刚通过的稿")
    page = newsroom.browser("chenjing").get("/reviews").get_data(as_text=True)
    assert "没有待审稿" in page
    assert "刚通过的稿" in page


def test_two_reviewers_seal_the_draft(newsroom: Newsroom) -> None:
    draft_id = newsroom.draft()
    first = newsroom.submit(draft_id)
    seen = newsroom.content_hash(draft_id)
    answer = decide(newsroom, "chenjing", first, "approve", seen_hash=seen, note="属实")
    assert answer.status_code == 303
    assert state_of(newsroom, draft_id) == DraftState.IN_REVIEW
    assert decide(newsroom, "zhaoning", first + 1, "approve", seen_hash=seen).status_code == 303
    assert state_of(newsroom, draft_id) == DraftState.APPROVED


def test_one_person_cannot_hold_two_stages(newsroom: Newsroom) -> None:
    draft_id = newsroom.draft()
    first = newsroom.submit(draft_id)
    newsroom.approve(draft_id, "chenjing")
    page = newsroom.browser("chenjing").get(f"/reviews/{first + 1}").get_data(as_text=True)
    assert "您不能审这一篇" in page
    assert "approve-dialog" not in page
    seen = newsroom.content_hash(draft_id)
    answer = decide(newsroom, "chenjing", first + 1, "approve", seen_hash=seen)
    assert answer.status_code == 403
    assert "同一个人不能审两个环节" in answer.get_data(as_text=True)
    assert state_of(newsroom, draft_id) == DraftState.IN_REVIEW


def test_return_needs_a_reason_and_tells_it_to_the_author(newsroom: Newsroom) -> None:
    draft_id = newsroom.draft()
    review_id = newsroom.submit(draft_id)
    seen = newsroom.content_hash(draft_id)
    refused = decide(newsroom, "chenjing", review_id, "return", seen_hash=seen, reason=" ")
    assert refused.status_code == 422
    assert "理由" in refused.get_data(as_text=True)
    decide(newsroom, "chenjing", review_id, "return", seen_hash=seen, reason="补充站点地址")
    assert state_of(newsroom, draft_id) == DraftState.RETURNED
    page = newsroom.browser("lixiang").get(f"/drafts/{draft_id}/edit").get_data(as_text=True)
    assert "补充站点地址" in page


def test_text_that_changed_since_it_was_opened_is_a_conflict_that_keeps_the_note(
    newsroom: Newsroom,
) -> None:
    draft_id = newsroom.draft()
    review_id = newsroom.submit(draft_id)
    answer = decide(
        newsroom, "chenjing", review_id, "return", seen_hash="00" * 32, reason="我的长篇意见"
    )
    assert answer.status_code == 409
    assert "我的长篇意见" in answer.get_data(as_text=True)
    assert state_of(newsroom, draft_id) == DraftState.IN_REVIEW


def test_second_round_shows_the_difference_to_what_was_returned(newsroom: Newsroom) -> None:
    draft_id = newsroom.draft()
    review_id = newsroom.submit(draft_id)
    seen = newsroom.content_hash(draft_id)
    decide(newsroom, "chenjing", review_id, "return", seen_hash=seen, reason="数字不对")
    with newsroom.sessions.begin() as session:
        drafts.edit_draft(
            session,
            draft_id,
            DraftEdit(
                title="冬送温暖：站点上新",
                body=BODY.replace("126", "131"),
                account_ids=(newsroom.accounts["feed"],),
            ),
            version=1,
            person_id=newsroom.people["lixiang"].id,
            now=newsroom.clock.now(),
        )
    again = newsroom.submit(draft_id)
    page = newsroom.browser("chenjing").get(f"/reviews/{again}").get_data(as_text=True)
    assert "第 1 版 → 第 2 版" in page
    assert "<del>26</del><ins>31</ins>" in page


def test_decided_stage_offers_no_decision(newsroom: Newsroom) -> None:
    draft_id = newsroom.draft()
    review_id = newsroom.submit(draft_id)
    newsroom.approve(draft_id, "chenjing")
    page = newsroom.browser("zhaoning").get(f"/reviews/{review_id}").get_data(as_text=True)
    assert "这个环节已经处理过了" in page
    assert "approve-dialog" not in page


@pytest.mark.parametrize("login", ["outsider", "lixiang", "sunyue", "admin"])
def test_only_reviewers_decide(newsroom: Newsroom, login: str) -> None:
    draft_id = newsroom.draft()
    review_id = newsroom.submit(draft_id)
    for action in ("approve", "return"):
        assert decide(newsroom, login, review_id, action).status_code == 403
    assert state_of(newsroom, draft_id) == DraftState.IN_REVIEW


def test_decision_without_the_token_is_refused(newsroom: Newsroom) -> None:
    review_id = newsroom.submit(newsroom.draft())
    reviewer = newsroom.browser("chenjing")
    for action in ("approve", "return"):
        assert reviewer.post(f"/reviews/{review_id}/{action}").status_code == 400


@pytest.mark.parametrize("login", ["outsider", "auditor"])
def test_queue_is_closed_to_other_roles(newsroom: Newsroom, login: str) -> None:
    review_id = newsroom.submit(newsroom.draft())
    browser = newsroom.browser(login)
    assert browser.get("/reviews").status_code == 403
    assert browser.get(f"/reviews/{review_id}").status_code == 403


def test_unknown_review_is_not_found(newsroom: Newsroom) -> None:
    assert newsroom.browser("chenjing").get("/reviews/4711").status_code == 404
