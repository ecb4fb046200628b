"""The scripts and styles in a real browser, on the page of all components."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask, Response, render_template, request
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.webui.browsing import served, started_chromium
from webui.application import STATIC_FOLDER
from webui.assets import Assets
from webui.styleguide import sample

FRONTEND = STATIC_FOLDER.parent / "frontend"
AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-n'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BADGE = (
    '<b id="alert-badge" class="pill" data-count="5" hx-get="/alerts/badge" '
    'hx-trigger="visible:again from:body" hx-swap="outerHTML" data-poll>5</b>'
)


@dataclass
class Site:
    """A server of the styleguide that keeps what it was asked."""

    url: str = ""
    searches: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    badge: tuple[str, int] = ("", 204)


def _context() -> dict[str, object]:
    now = dt.datetime.now(dt.UTC)
    labels = (("今日态势", "/", "overview.index", None), ("预警箱", "/alerts", "alerts.index", 4))
    items = [
        {"label": label, "href": href, "endpoint": endpoint, "current": False, "pill": pill}
        for label, href, endpoint, pill in labels
    ]
    return {
        "csp_nonce": "n",
        "csrf_token": "t0ken",
        "nav": [{"label": "值班", "items": items}],
        "freshness": {"text": "数据更新于 09:28，8/9 个数据源正常", "state": "ok"},
        "demo": True,
        "user": {"name": "李某", "role_labels": ["值班员"]},
        "flashes": [],
        "badge_url": "/alerts/badge",
        "logout_url": "/logout",
        "profile_url": "/profile",
        "now_iso": now.isoformat(),
        "sample": sample(now),
    }


def _application(site: Site) -> Flask:
    assets = Assets(STATIC_FOLDER)
    app = Flask("webui", static_folder=None)
    app.after_request(
        lambda answer: answer.headers.set("Content-Security-Policy", POLICY) or answer
    )

    @app.get("/static/<path:name>")
    def static_file(name: str) -> Response:
        return assets.respond(name, request)

    @app.route("/styleguide", methods=["GET", "POST"])
    def styleguide() -> str | tuple[str, int]:
        if request.method == "POST":
            site.posts.append(request.form["csrf_token"])
        if "HX-Request" not in request.headers:
            return render_template("styleguide.html", asset=assets.url, **_context())
        site.searches.append(request.args["q"])
        site.tokens.append(request.headers["X-CSRF-Token"])
        if request.args["q"] == "(":
            return "<p>括号没有配对</p>", 422
        return "<p>共 1 条</p>"

    @app.get("/alerts/badge")
    def badge() -> tuple[str, int]:
        return site.badge

    return app


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    site = Site()
    with served(_application(site)) as base:
        site.url = f"{base}/styleguide"
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    running.searches.clear()
    running.tokens.clear()
    running.posts.clear()
    running.badge = ("", 204)
    return running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with started_chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(site.url)
    yield page
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_component_is_accessible_and_obeys_the_policy(
    chromium: Browser, site: Site, theme: str, width: int
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run npm ci in webui/frontend")
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        bypass_csp=False,
    )
    page = context.new_page()
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site.url)
    expect(page.locator("#trend canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    violations = [
        (rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]
    ]
    context.close()
    assert violations == []
    assert complaints == []


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_no_width_needs_sideways_scrolling(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_buttons_and_fields_are_large_enough_for_a_finger(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    small = page.eval_on_selector_all(
        "main :is(a, button, select, textarea, summary), main input:not([type=checkbox])",
        "all => all.filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 43)"
        ".map(e => e.outerHTML.slice(0, 80))",
    )
    assert small == []


def test_typing_by_pinyin_searches_once(page: Page, site: Site) -> None:
    session = page.context.new_cdp_session(page)
    page.get_by_role("searchbox", name="关键词").focus()
    for text in ("q", "qi", "qi s", "qi shou"):
        end = len(text)
        session.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": end, "selectionEnd": end}
        )
        page.wait_for_timeout(300)  # longer than the delay after which a search would be sent
    session.send("Input.insertText", {"text": "骑手"})
    expect(page.locator("#results")).to_have_text("共 1 条")
    assert site.searches == ["骑手"]
    assert site.tokens == ["t0ken"]
    assert "q=%E9%AA%91%E6%89%8B" in page.url


def test_a_refused_search_shows_its_reason_in_place(page: Page) -> None:
    page.get_by_role("searchbox", name="关键词").fill("(")
    expect(page.locator("#results")).to_have_text("括号没有配对")


def test_keys_move_through_rows_and_open_help(page: Page) -> None:
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.rowIndex") == 2
    page.keyboard.press("Enter")
    assert page.url.endswith("#list")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="快捷键")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="关键词")).to_be_focused()
    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="退回稿件")).to_be_hidden()


def test_g_then_a_letter_opens_a_page_of_the_menu(page: Page) -> None:
    page.route("**/alerts", lambda route: route.fulfill(body="alerts"))
    page.keyboard.press("g")
    page.keyboard.press("c")  # not in this role's menu
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/alerts")


def test_single_keys_can_be_switched_off(page: Page) -> None:
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="退回稿件")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="显示", exact=True).click()
    page.get_by_label("单键快捷键").select_option("off")
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("r")
    expect(dialog).to_be_hidden()


def test_theme_and_text_size_are_kept_by_the_browser(page: Page) -> None:
    page.get_by_role("button", name="显示", exact=True).click()
    page.get_by_label("外观").select_option("dark")
    page.get_by_label("字号").select_option("larger")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "17.504px"


def test_a_question_comes_before_a_form_is_sent(page: Page, site: Site) -> None:
    button = page.get_by_role("table", name="预警").get_by_role("button", name="签收").first
    button.click()
    question = page.get_by_role("alertdialog", name="签收这条预警？签收后由您负责处置。")
    question.get_by_role("button", name="取消").click()
    assert site.posts == []
    expect(button).to_be_focused()
    button.click()
    with page.expect_navigation():
        question.get_by_role("button", name="签收").click()
    assert site.posts == ["t0ken"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("职工之家", "4 / 140 字"),
        ("ab1", "2 / 140 字"),
        ("看 https://example.org/a/long/address", "12 / 140 字"),
    ],
)
def test_the_counter_counts_as_weibo_does(page: Page, text: str, shown: str) -> None:
    page.get_by_role("textbox", name="正文").fill(text)
    expect(page.locator("[data-counter=f-body]")).to_have_text(shown)


def test_the_counter_says_how_much_is_too_much(page: Page) -> None:
    page.get_by_role("textbox", name="标题").fill("长" * 66)
    expect(page.locator("[data-counter=f-title]")).to_have_text("66 / 64 字，超出 2 字")


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (18.5, "剩 18 分钟"),
        (-12.5, "超时 12 分钟"),
        (60.5, "剩 1 小时"),
        (-125.5, "超时 2 小时 5 分"),
    ],
)
def test_a_deadline_is_told_by_the_servers_clock(page: Page, minutes: float, text: str) -> None:
    # The browser's clock is a day ahead of the server's.
    server = dt.datetime.now(dt.UTC)
    end = (server + dt.timedelta(minutes=minutes)).isoformat()
    page.clock.set_fixed_time(server + dt.timedelta(days=1))
    page.route(
        "**/styleguide*",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<html data-now="{server.isoformat()}"><head><meta charset="utf-8">'
            f'<script src="{Assets(STATIC_FOLDER).url("app.js")}" defer></script></head>'
            f'<body><main id="main"><time data-deadline="{end}">?</time></main></body></html>',
        ),
    )
    page.goto(page.url)
    expect(page.locator("time")).to_have_text(text)


def again(page: Page) -> None:
    page.evaluate("document.body.dispatchEvent(new CustomEvent('visible:again'))")


def test_the_badge_changes_with_the_answer_and_counts_in_the_title(page: Page, site: Site) -> None:
    assert page.title().startswith("(4) ")
    again(page)
    site.badge = (BADGE, 200)
    again(page)
    expect(page).to_have_title(re.compile(r"^\(5\) "))


def test_a_lost_connection_is_said_aloud_and_taken_back(page: Page, site: Site) -> None:
    site.badge = ("<p>whole error page</p>", 503)
    again(page)
    expect(page.get_by_role("alert").filter(has_text="页面不再更新")).to_be_visible()
    expect(page.locator("#alert-badge")).to_have_attribute("data-count", "4")
    site.badge = ("", 204)
    again(page)
    expect(page.locator("#link-lost")).to_have_count(0)


def test_a_search_that_did_not_arrive_can_be_sent_again(page: Page, site: Site) -> None:
    page.route("**/styleguide?*", lambda route: route.abort())
    page.get_by_role("searchbox", name="关键词").fill("骑手")
    retry = page.get_by_role("button", name="点此重试")
    expect(retry).to_be_visible()
    page.unroute("**/styleguide?*")
    retry.click()
    expect(page.locator("#results")).to_have_text("共 1 条")
    assert site.searches == ["骑手"]


def test_a_toast_asked_for_by_the_server_is_shown(page: Page) -> None:
    header = json.dumps({"toast": {"level": "ok", "text": "已签收"}})
    page.route(
        "**/alerts/badge",
        lambda route: route.fulfill(
            status=200, content_type="text/html", body=BADGE, headers={"HX-Trigger": header}
        ),
    )
    again(page)
    expect(page.locator("#toasts")).to_contain_text("已签收")


def test_the_phone_menu_opens_and_closes(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    link = page.get_by_role("navigation", name="主导航").get_by_role("link", name="今日态势")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="菜单").click()
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
