"""稿件: written, checked while writing, saved by version, handed to review, planned."""

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.clock import FakeClock
from core.database.models.media import DraftState, PublicationState
from media_matrix import drafts, schedule
from tests.webui.conftest import Member, csrf_token, post
from tests.webui.newsroom import BODY, Newsroom

PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def newsroom(console_app: Flask, clock: FakeClock, people: dict[str, Member]) -> Newsroom:
    return Newsroom.open(console_app, clock, people)


@pytest.fixture
def editor(newsroom: Newsroom) -> FlaskClient:
    return newsroom.browser("lixiang")


def form(newsroom: Newsroom, **changes: object) -> dict[str, object]:
    accounts = [str(newsroom.accounts[channel]) for channel in ("wechat", "feed")]
    return {"title": "站点上新", "body": BODY, "account_ids": accounts, **changes}


def text_of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def stored(newsroom: Newsroom, draft_id: int) -> tuple[str, int, str]:
    with newsroom.sessions() as session:
        draft = drafts.find_draft(session, draft_id)
        return draft.title, draft.version, draft.state


def test_new_draft_is_saved_and_opened_again(newsroom: Newsroom, editor: FlaskClient) -> None:
    answer = post(editor, "/drafts/new", form(newsroom))
    assert answer.status_code == 303
    draft_id = int(re.findall(r"\d+", answer.location)[0])
    assert stored(newsroom, draft_id) == ("站点上新", 1, DraftState.DRAFT)
    assert "打开地图搜索" in text_of(editor.get(answer.location))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"body": ""}, "body"),
        ({"window_ends_at": "不是时间"}, "window_ends_at"),
        (
            {"window_starts_at": "2026-11-22T10:00", "window_ends_at": "2026-11-22T09:00"},
            "window_ends_at",
        ),
    ],
)
def test_faulty_form_comes_back_with_everything_typed(
    newsroom: Newsroom, editor: FlaskClient, changes: dict[str, object], field: str
) -> None:
    answer = post(editor, "/drafts/new", form(newsroom, digest="我写的摘要") | changes)
    page = text_of(answer)
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in page
    assert "我写的摘要" in page


def test_picture_needs_words_and_is_shown_once_it_has_them(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    def send(**changes: object) -> TestResponse:
        fields = form(newsroom, cover=(io.BytesIO(PICTURE), "a.png", "image/png"), **changes)
        return editor.post("/drafts/new", data=fields | {"csrf_token": csrf_token(editor)})

    refused = send()
    assert refused.status_code == 422
    assert 'id="f-cover_text-error"' in text_of(refused)
    draft_id = int(re.findall(r"\d+", send(cover_text="站点门口").location)[0])
    shown = editor.get(f"/drafts/{draft_id}/cover")
    assert (shown.data, shown.content_type) == (PICTURE, "image/png")


def test_checks_speak_while_one_writes_and_save_nothing(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    long_title = "很长的标题" * 10
    answer = post(
        editor, "/drafts/preview", form(newsroom, title=long_title), headers={"HX-Request": "true"}
    )
    page = text_of(answer)
    assert answer.status_code == 200
    assert "必改" in page
    assert "该渠道最多 32 个字" in page
    assert "微信公众号预览" in page
    with newsroom.sessions() as session:
        assert drafts.list_drafts(session) == []


def test_made_weibo_text_already_carries_the_link_of_the_account(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    only_weibo = form(newsroom, account_ids=[str(newsroom.accounts["weibo"])])
    page = text_of(post(editor, "/drafts/preview", only_weibo))
    assert "https://www.gonghui.example/" in page
    assert "没有发现问题" in page


def test_preview_runs_no_script_and_fetches_no_picture(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    hostile = "<script>alert(1)</script>\n\n![说明](https://elsewhere.example/x.png)\n\n正文"
    page = text_of(post(editor, "/drafts/preview", form(newsroom, body=hostile)))
    article = page[page.index("手机上的样子") :]
    assert "<script" not in article
    assert "<img" not in article
    assert "［图片：说明］" in article
    assert "style=" not in article


def test_channel_worded_by_hand_keeps_what_was_typed(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    by_hand = form(newsroom, **{"variant.feed.text": "## 手写的小标题\n\n手写的正文"})
    location = post(editor, "/drafts/new", by_hand).location
    page = text_of(editor.get(location))
    assert "## 手写的小标题" in page
    draft_id = int(re.findall(r"\d+", location)[0])
    with newsroom.sessions() as session:
        feed = next(
            row for row in drafts.draft_variants(session, draft_id) if row.channel == "feed"
        )
        assert "<h2>手写的小标题</h2>" in feed.text


def test_saving_makes_the_next_version_and_shows_the_difference(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    draft_id = newsroom.draft()
    changed = form(newsroom, version=1, body=BODY.replace("126", "131"))
    assert post(editor, f"/drafts/{draft_id}/edit", changed).status_code == 303
    assert stored(newsroom, draft_id)[1] == 2
    page = text_of(editor.get(f"/drafts/{draft_id}/diff"))
    assert "<del>26</del>" in page
    assert "<ins>31</ins>" in page


def test_stale_version_shows_both_texts_and_saves_neither(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    draft_id = newsroom.draft()
    post(editor, f"/drafts/{draft_id}/edit", form(newsroom, version=1, title="对方的标题"))
    answer = post(editor, f"/drafts/{draft_id}/edit", form(newsroom, version=1, title="我的标题"))
    page = text_of(answer)
    assert answer.status_code == 409
    assert 'value="我的标题"' in page
    assert "与对方版本的不同" in page
    assert 'name="version" value="2"' in page
    assert stored(newsroom, draft_id)[:2] == ("对方的标题", 2)


def test_save_and_submit_hands_the_draft_to_review(newsroom: Newsroom, editor: FlaskClient) -> None:
    answer = post(editor, "/drafts/new", form(newsroom, then="submit"))
    draft_id = int(re.findall(r"\d+", answer.location)[0])
    assert stored(newsroom, draft_id)[2] == DraftState.IN_REVIEW
    assert post(editor, f"/drafts/{draft_id}/recall").status_code == 303
    assert stored(newsroom, draft_id)[2] == DraftState.DRAFT


def test_submitting_what_is_already_saved_makes_no_new_version(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    location = post(editor, "/drafts/new", form(newsroom)).location
    draft_id = int(re.findall(r"\d+", location)[0])
    post(editor, location, form(newsroom, version=1, then="submit"))
    assert stored(newsroom, draft_id)[1:] == (1, DraftState.IN_REVIEW)


def test_refused_submission_stays_saved_and_says_why(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    too_long = form(newsroom, title="很长的标题" * 10, then="submit")
    answer = post(editor, "/drafts/new", too_long)
    draft_id = int(re.findall(r"\d+", answer.location)[0])
    assert stored(newsroom, draft_id)[2] == DraftState.DRAFT
    assert "没有送审" in text_of(editor.get(answer.location))


def test_editing_an_approved_draft_voids_the_approval_and_the_plan(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    draft_id = newsroom.approved()
    newsroom.planned(draft_id)
    answer = post(editor, f"/drafts/{draft_id}/edit", form(newsroom, version=1))
    page = text_of(editor.get(answer.location))
    assert "原来的审校通过已失效" in page
    assert "2 个排期已取消" in page


def test_published_text_cannot_be_edited_and_nothing_typed_is_lost(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    draft_id = newsroom.approved()
    newsroom.planned(draft_id, state=PublicationState.PUBLISHED)
    answer = post(editor, f"/drafts/{draft_id}/edit", form(newsroom, version=1, title="改后的标题"))
    assert answer.status_code == 422
    assert "改后的标题" in text_of(answer)
    assert "复制成新稿" in text_of(editor.get(f"/drafts/{draft_id}"))
    assert "打开地图搜索" in text_of(editor.get(f"/drafts/new?copy={draft_id}"))


def test_approved_draft_is_planned_on_the_chosen_accounts(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    draft_id = newsroom.approved()
    plan = {"account_ids": [str(newsroom.accounts["feed"])], "planned_at": "2026-11-22T18:30"}
    assert post(editor, f"/drafts/{draft_id}/schedule", plan).status_code == 303
    with newsroom.sessions() as session:
        (item,) = schedule.publications_of(session, draft_id)
        assert item.account_id == newsroom.accounts["feed"]
    assert "11-22 18:30" in text_of(editor.get(f"/drafts/{draft_id}"))


@pytest.mark.parametrize("given", ["2026-11-20T18:30", ""])
def test_plan_in_the_past_is_refused_beside_the_field(
    newsroom: Newsroom, editor: FlaskClient, given: str
) -> None:
    draft_id = newsroom.approved()
    accounts = [str(newsroom.accounts["feed"])]
    plan = {"account_ids": accounts, "planned_at": given, "when": "planned"}
    answer = post(editor, f"/drafts/{draft_id}/schedule", plan)
    assert answer.status_code == 422
    assert 'id="f-planned_at-error"' in text_of(answer)
    with newsroom.sessions() as session:
        assert schedule.publications_of(session, draft_id) == []


def test_at_once_means_now(newsroom: Newsroom, editor: FlaskClient) -> None:
    draft_id = newsroom.approved()
    plan = {"account_ids": [str(newsroom.accounts["feed"])], "when": "now", "planned_at": ""}
    assert post(editor, f"/drafts/{draft_id}/schedule", plan).status_code == 303
    with newsroom.sessions() as session:
        (item,) = schedule.publications_of(session, draft_id)
        assert item.due_at == newsroom.clock.now()


def test_list_is_filtered_by_state_and_archived_drafts_leave_it(
    newsroom: Newsroom, editor: FlaskClient
) -> None:
    newsroom.approved("已经通过的稿")
    archived = newsroom.draft("要收起来的稿")
    assert post(editor, f"/drafts/{archived}/archive").status_code == 303
    assert "要收起来的稿" not in text_of(editor.get("/drafts"))
    assert "要收起来的稿" in text_of(editor.get("/drafts?state=archived"))
    approved = text_of(editor.get("/drafts?state=approved", headers={"HX-Request": "true"}))
    assert "已经通过的稿" in approved
    assert "<html" not in approved


def test_empty_list_offers_the_first_step(editor: FlaskClient) -> None:
    page = text_of(editor.get("/drafts"))
    assert "还没有稿件" in page
    assert 'href="/drafts/new"' in page


ACTIONS = ("schedule", "recall", "archive", "edit")


@pytest.mark.parametrize("login", ["outsider", "chenjing", "sunyue", "admin"])
def test_only_editors_write(newsroom: Newsroom, login: str) -> None:
    draft_id = newsroom.draft()
    browser = newsroom.browser(login)
    for path in ("/drafts/new", f"/drafts/{draft_id}/edit"):
        assert browser.get(path).status_code == 403
    for path in ("new", "preview", *(f"{draft_id}/{action}" for action in ACTIONS)):
        assert post(browser, f"/drafts/{path}", form(newsroom, version=1)).status_code == 403


def test_draft_action_without_the_token_is_refused(newsroom: Newsroom, editor: FlaskClient) -> None:
    draft_id = newsroom.draft()
    for path in ("new", "preview", *(f"{draft_id}/{action}" for action in ACTIONS)):
        assert editor.post(f"/drafts/{path}").status_code == 400


@pytest.mark.parametrize("login", ["outsider", "auditor", "wangmin"])
def test_drafts_are_closed_to_other_roles(newsroom: Newsroom, login: str) -> None:
    draft_id = newsroom.draft()
    browser = newsroom.browser(login)
    for path in ("/drafts", f"/drafts/{draft_id}", f"/drafts/{draft_id}/diff"):
        assert browser.get(path).status_code == 403


def test_unknown_draft_is_not_found(editor: FlaskClient) -> None:
    for path in ("/drafts/4711", "/drafts/4711/edit", "/drafts/4711/cover", "/drafts/4711/diff"):
        assert editor.get(path).status_code == 404
