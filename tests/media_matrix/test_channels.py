import json
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from waitress.server import create_server

from core.clock import FakeClock
from core.outbound.errors import RequestError
from media_matrix import feed
from media_matrix.access import PlatformAccess
from media_matrix.channel_rules import all_channel_rules, is_under, weibo_length
from media_matrix.content import ChannelText, DraftEdit
from media_matrix.cover import plain_cover
from media_matrix.lint import channel_findings
from media_matrix.platform_codes import CodeAction, all_codes, code_entry, explain_reason
from media_matrix.publishers import PUBLISHERS
from media_matrix.publishing import PublishWorker
from media_matrix.sandbox import SandboxState, create_sandbox
from media_matrix.sandbox.cast import WORDPRESS_PASSWORD, WORDPRESS_USER
from media_matrix.sandbox.state import Fault, FaultKind
from media_matrix.similarity import likeness
from media_matrix.variants import complete_variants
from media_matrix.withdrawal import withdraw
from tests.media_matrix.office import Office

LINK = "https://www.gonghui.example/a"
EDIT = DraftEdit(title="标题", body="正文")


def codes(variant: ChannelText, digest: str | None = None) -> set[str]:
    return {finding.code for finding in channel_findings(variant, digest=digest)}


@pytest.mark.parametrize(
    ("variant", "digest", "expected"),
    [
        (ChannelText("wechat", "<p>正文</p>", "标" * 32), "摘" * 128, set()),
        (ChannelText("wechat", "<p>正文</p>", "标" * 33), None, {"title_too_long"}),
        (ChannelText("wechat", "<p>正文</p>", "标题"), "摘" * 129, {"digest_too_long"}),
        (ChannelText("wechat", "<p> </p>", "标题"), None, {"text_empty"}),
        (ChannelText("wechat", "<p>正文</p>", ""), None, {"title_missing"}),
        (ChannelText("wechat", "字" * 20_001, "标题"), None, {"text_too_long"}),
        (
            ChannelText("wechat", '<p>图<img src="https://other.example/a.png"></p>', "标题"),
            None,
            {"foreign_image"},
        ),
        (ChannelText("wechat", '<p class="a">正文</p>', "标题"), None, {"markup_lost"}),
        (
            ChannelText("wechat", "<p>正文</p>", "标题", options={"author": "署" * 17}),
            None,
            {"author_too_long"},
        ),
        (ChannelText("weibo", f"通报 {LINK}"), None, set()),
        (ChannelText("weibo", "通报"), None, {"link_missing"}),
        (ChannelText("weibo", f"{'字' * 129} {LINK}"), None, set()),
        (ChannelText("weibo", f"{'字' * 131} {LINK}"), None, {"text_too_long"}),
        (ChannelText("weibo", f"#欠薪# {LINK}"), None, {"hashtag_refused"}),
        (ChannelText("feed", "<p>正文</p>", "标题", link="javascript:x"), None, {"link_scheme"}),
    ],
)
def test_lint_says_what_a_platform_would_refuse(
    variant: ChannelText, digest: str | None, expected: set[str]
) -> None:
    assert codes(variant, digest) == expected


@given(st.text(alphabet="字a1，。 #", max_size=400), st.text(max_size=60))
def test_made_weibo_texts_always_fit(body: str, title: str) -> None:
    edit = DraftEdit(title=title or "题", body=body)
    (variant,) = complete_variants(edit, ["weibo"], links={"weibo": LINK})
    assert weibo_length(variant.text, link_length=10) <= 140
    assert codes(variant) == set()
    assert variant.text.endswith(LINK)


def test_markdown_becomes_clean_inline_styled_html() -> None:
    body = '## 小标题\n\n**要点**<script>alert(1)</script>\n\n<p onclick="x()">段</p>\n\n[链接](javascript:x)'
    (wechat,) = complete_variants(DraftEdit(title="题", body=body), ["wechat"])
    assert '<h2 style="' in wechat.text
    assert "<strong>要点</strong>" in wechat.text
    for lost in ("script", "onclick", "javascript", "class="):
        assert lost not in wechat.text
    assert codes(wechat) == set()


def test_a_channel_worded_by_hand_keeps_its_words() -> None:
    by_hand = ChannelText("weibo", f"手写 {LINK}")
    edit = DraftEdit(title="题", body="正文", variants=(by_hand,))
    variants = {variant.channel: variant for variant in complete_variants(edit, ["weibo", "feed"])}
    assert variants["weibo"].text == by_hand.text
    assert variants["feed"].text == "<p>正文</p>"


@pytest.mark.parametrize(
    ("address", "domain", "expected"),
    [
        ("https://www.gonghui.example/a", "gonghui.example", True),
        ("https://gonghui.example", "gonghui.example", True),
        ("https://gonghui.example.evil.test/", "gonghui.example", False),
        ("https://notgonghui.example/", "gonghui.example", False),
        ("http://127.0.0.1:8101/x", "127.0.0.1:8101", True),
        ("https://x.test/", "", False),
    ],
)
def test_a_safe_domain_covers_itself_and_what_is_below(
    address: str, domain: str, expected: bool
) -> None:
    assert is_under(address, domain) is expected


@pytest.mark.parametrize(
    ("left", "right", "is_alike"),
    [
        ("今天走访工地，督促发放工资。", "今天走访工地，督促发放工资！ https://a.test", True),
        ("今天走访工地，督促发放工资。", "明天举办职工歌咏比赛，欢迎报名。", False),
        ("", "字", False),
    ],
)
def test_likeness_ignores_layout_and_links(left: str, right: str, is_alike: bool) -> None:
    assert (likeness(left, right) >= 0.85) is is_alike


def test_no_code_is_without_its_three_sentences() -> None:
    for entry in all_codes().values():
        for sentence in (
            entry.explanation.happened,
            entry.explanation.state,
            entry.explanation.todo,
        ):
            assert len(sentence) > 3
            assert sentence.endswith("。")


DOCUMENTED = {
    "wechat": (
        "40001 40014 42001 40013 40125 40164 89503 40243 48001 88000 45009 45028 48006 45065 45066 "
        "45067 40007 44003 45166 47001 53402 53503 53504 53505 -1 88001 88002 88008 41040"
    ),
    "weibo": (
        "10001 10002 10003 10009 10010 10011 10004 10005 10014 10006 10008 10016 10017 10022 10023 "
        "10024 20005 20006 20007 20008 20012 20013 20016 20017 20019 20111 20031 20032 20003 20101 "
        "20201 20203 20206 21314 21315 21316 21317 21322 21323 21324 21325 21326 21327 21328 21329 "
        "21330 21331 21332"
    ),
    "wordpress": (
        "rest_cannot_create rest_invalid_param rest_post_invalid_id rest_cannot_edit "
        "incorrect_password rest_post_invalid_page_number"
    ),
}


@pytest.mark.parametrize(("platform", "listed"), DOCUMENTED.items())
def test_every_documented_code_is_in_the_table(platform: str, listed: str) -> None:
    for code in listed.split():
        assert (platform, code) in all_codes()


def test_a_code_nobody_listed_still_gets_words() -> None:
    entry = code_entry("wechat", "99999")
    assert entry.action is CodeAction.HUMAN
    assert "99999" in entry.explanation.happened
    assert explain_reason("wechat:99999") == entry.explanation
    assert explain_reason(None) is None


def test_the_rules_cover_every_channel() -> None:
    assert set(all_channel_rules()) == set(PUBLISHERS.names())


def test_the_plain_cover_is_a_png_of_the_platforms_shape() -> None:
    picture = plain_cover()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 64_000
    assert round(int.from_bytes(picture[16:20]) / int.from_bytes(picture[20:24]), 2) == 2.35


def test_the_feed_shows_articles_and_marks_withdrawn_ones(
    office: Office, worker: PublishWorker
) -> None:
    (publication_id,) = office.scheduled("feed")
    office.run(worker)
    url = "https://union.example"
    with office.access.sessions.begin() as session:
        document = feed.json_feed(session, "demo", public_url=url)
        assert document is not None
        (item,) = json.loads(document.body)["items"]
        key = item["id"]
        found = feed.find_item(session, "demo", key)
        assert found is not None
        feed.count_read(session, found.id)
        rss = feed.rss_feed(session, "demo", public_url=url)
        assert rss is not None
    assert item["url"] == office.publication(publication_id).url
    assert item["date_published"] == "2026-11-21T01:30:00.000Z"
    assert item["_union"] == {"withdrawn": False}
    (entry,) = ET.fromstring(rss.body).iter("item")  # noqa: S314 - our own output
    assert entry.findtext("pubDate") == "Sat, 21 Nov 2026 09:30:00 +0800"
    withdraw(office.access, publication_id, person_id=office.first_id, reason="有误")
    with office.access.sessions() as session:
        after = feed.json_feed(session, "demo", public_url=url)
        assert after is not None
        (gone,) = json.loads(after.body)["items"]
        rss = feed.rss_feed(session, "demo", public_url=url)
        assert rss is not None
        assert feed.json_feed(session, "nobody", public_url=url) is None
        read = feed.find_item(session, "demo", key)
        assert read is not None
        assert read.reads == 1
    assert gone["_union"] == {"withdrawn": True}
    assert "content_html" not in gone
    assert b"<item>" not in rss.body
    assert after.etag != document.etag


def test_the_sandbox_remembers_across_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    file = tmp_path / "sandbox.json"
    state = SandboxState(clock, file=file)
    site = create_sandbox(state, clock).test_client()
    login = (WORDPRESS_USER, WORDPRESS_PASSWORD)
    body = {"title": "题", "content": "文", "status": "publish", "slug": "gh-1"}
    assert site.post("/site/wp-json/wp/v2/posts", json=body, auth=login).status_code == 201
    again = create_sandbox(SandboxState(clock, file=file), clock).test_client()
    assert "题" in again.get("/site/gh-1").text
    second = again.post("/site/wp-json/wp/v2/posts", json=body, auth=login).get_json()
    assert second["slug"] == "gh-1-2", "a second post under the slug looks fine: that is the trap"
    journal = again.get("/_control/journal").get_json()
    assert [entry["is_done"] for entry in journal] == [True, True]


def test_an_answer_is_lost_under_the_real_server_too(
    clock: FakeClock, access: PlatformAccess
) -> None:
    state = SandboxState(clock)
    server = create_server(create_sandbox(state, clock), host="127.0.0.1", port=0, threads=1)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    state.add_fault(Fault("weibo", FaultKind.DROP_AFTER))
    with pytest.raises(RequestError) as lost:
        access.http.request(
            "POST", f"http://127.0.0.1:{server.effective_port}/weibo/2/statuses/share.json"
        )
    assert not lost.value.is_provably_not_sent
    server.close()
    thread.join(timeout=5)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_control/faults", {"platform": "weibo", "kind": "explode"}),
        ("/_control/switches", {"growth": "x"}),
    ],
)
def test_the_control_endpoint_refuses_what_it_does_not_know(
    clock: FakeClock, path: str, body: dict[str, object]
) -> None:
    client = create_sandbox(SandboxState(clock), clock).test_client()
    assert client.post(path, json=body).status_code == 400


def test_the_shipped_tables_are_plain_yaml() -> None:
    folder = Path(feed.__file__).with_name("data")
    for file in folder.glob("*.yaml"):
        assert isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict)
