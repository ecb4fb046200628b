"""Adding sources: by a pasted address, or as a list in YAML; nothing is saved before it is shown."""

import html
import io
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from config.sources import Endpoints
from core.clock import FakeClock
from core.database.models.collecting import Source
from core.database.models.operations import AuditEntry
from core.database.sessions import Sessions
from crawlers.source_lists import install_starter_sources
from tests.crawlers.site import Answer, Site, serving
from tests.crawlers.test_source_proposal import feed, news
from tests.webui.conftest import csrf_token, post, sign_in


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    sign_in(client, "admin")
    return client


def stored(sessions: Sessions) -> dict[str, Source]:
    with sessions() as session:
        return {source.name: source for source in session.scalars(select(Source))}


def fields(page: str, action: str) -> dict[str, str]:
    """Read the values of the form that posts to ``action``, as a browser would send them."""
    form = page[page.index(f'action="{action}"') :].partition("</form>")[0]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") != "checkbox" or " checked" in tag:
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    for name, inside in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):  # fmt: skip
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    for name, inside in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):  # fmt: skip
        found[name] = html.unescape(inside)
    return found


def test_a_pasted_address_becomes_a_source_only_when_it_is_saved(
    admin: FlaskClient, sessions: Sessions, site: Site
) -> None:
    news(site, extra='<link rel="alternate" type="application/rss+xml" href="/rss.xml">')
    site.pages["/rss.xml"] = feed()
    assert "粘贴网址" in admin.get("/sources/new").get_data(as_text=True)
    page = post(admin, "/sources/new", {"url": site.url("/news/")}).get_data(as_text=True)
    assert "建议：订阅源" in page
    assert "网站没有 robots.txt，可以采集" in page
    assert "改用列表页" in page
    assert stored(sessions) == {}
    asked = {"url": site.url("/news/"), "kind": "list_page"}
    page = post(admin, "/sources/new", asked).get_data(as_text=True)
    assert "建议：列表页" in page
    assert page.count("<li><time>") == 5
    wrong = post(admin, "/sources/new", asked | {"kind": "sitemap"}).get_data(as_text=True)
    assert "按「网站地图」没有读到内容" in wrong
    form = fields(page, "/sources/new/list_page")
    assert form["legal_basis"] == "公开页面，网站没有 robots.txt（2026-11-21 查）"
    assert post(admin, "/sources/new/list_page", form | {"do": "save"}).status_code == 303
    (saved,) = stored(sessions).values()
    assert (saved.name, saved.state, saved.interval_s) == ("河湾工会网 基层动态", "active", 43_200)
    page = post(admin, "/sources/new", asked).get_data(as_text=True)
    assert "已有数据源「河湾工会网 基层动态」用这个网址" in page
    assert 'value="河湾工会网 基层动态 2"' in page


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "没有填网址"),
        ("工人日报", "不是完整的网址"),
        ("http://10.0.0.1/", "内部"),
        ("/none", "404"),
    ],
)
def test_a_bad_address_is_told_in_words_and_kept(
    admin: FlaskClient, site: Site, url: str, words: str
) -> None:
    typed = site.url(url) if url.startswith("/") else url
    answer = post(admin, "/sources/new", {"url": typed})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in text
    assert "什么也没有保存" in text
    assert f'value="{typed}"' in text


LIST = """
- {{name: 好的, kind: feed, url: '{url}', platform: 网站, level: city, unverified: true}}
- {{name: 坏的, kind: feed, url: 'ftp://x', platform: 网站, level: city}}
"""


def test_a_list_is_previewed_confirmed_given_out_and_its_source_tried_before_it_starts(
    admin: FlaskClient, sessions: Sessions, site: Site
) -> None:
    text = LIST.format(url=site.url("/rss.xml"))
    sent = {"csrf_token": csrf_token(admin), "file": (io.BytesIO(text.encode()), "list.yaml")}
    page = admin.post("/sources/yaml", data=sent).get_data(as_text=True)
    assert "第 3 行：网址「ftp://x」应以 http:// 或 https:// 开头。" in page
    assert stored(sessions) == {}
    form = fields(page, "/sources/yaml")
    assert form["text"].strip() == text.strip()
    assert post(admin, "/sources/yaml", form | {"do": "import"}).status_code == 303
    (source,) = stored(sessions).values()
    assert (source.name, source.state, source.needs_trial) == ("好的", "paused", True)
    path = f"/sources/{source.id}"
    refused = post(admin, f"{path}/resume")
    assert refused.headers["Location"] == path
    page = admin.get(path).get_data(as_text=True)
    assert "还没有试采成功过" in page
    assert "尚未验证" in page
    site.pages["/rss.xml"] = Answer(b"", 404)
    assert "404" in post(admin, f"{path}/trial").get_data(as_text=True)
    assert stored(sessions)["好的"].needs_trial
    site.pages["/rss.xml"] = feed()
    form = fields(page, path)
    other = form | {"do": "try", "url": site.url("/other.xml")}
    assert "404" in post(admin, path, other).get_data(as_text=True)
    assert "启用" in post(admin, path, form | {"do": "try"}).get_data(as_text=True)
    assert not stored(sessions)["好的"].needs_trial
    post(admin, f"{path}/resume")
    assert stored(sessions)["好的"].state == "active"
    given = post(admin, "/sources/yaml/export", {"id": str(source.id)})
    assert "name: 好的" in given.get_data(as_text=True)
    assert "attachment" in given.headers["Content-Disposition"]
    with sessions() as session:
        actions = set(session.scalars(select(AuditEntry.action)))
    assert {"source.list_imported", "source.list_exported", "source.tried"} <= actions


def test_an_empty_list_is_asked_for_and_others_may_not_come_here(
    client: FlaskClient, sessions: Sessions, clock: FakeClock
) -> None:
    sign_in(client, "admin")
    assert post(client, "/sources/yaml").status_code == 422
    with sessions.begin() as session:
        install_starter_sources(session, Endpoints(), clock.now())
    assert "中工网" in client.get("/sources/yaml").get_data(as_text=True)
    post(client, "/logout")
    sign_in(client, "sunyue")
    for path in ("/sources/new", "/sources/yaml", "/sources/yaml/export", "/sources/1/trial"):
        assert post(client, path).status_code == 403
