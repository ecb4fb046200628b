"""The whole chain in the demo: seen, taken, answered, reviewed, published on four channels, counted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

import httpx
from playwright.sync_api import expect

from core.clock import SystemClock
from tests.browser.desk import PHONE, Desk, Room
from tests.browser.serving import START_LIMIT_S, Served
from zhisheng.demo.installation import PASSWORD

MATTER = "演织布厂"
TITLE = "市总工会回应演织布厂拖欠工资一事"
ANSWER = (
    "接到职工反映后，河湾市总工会当天派人到厂了解情况。\n\n"
    "- 已逐人登记考勤和欠发数额\n- 已会同劳动监察部门约谈厂方\n\n"
    "厂方承诺本月底前结清。需要法律援助的职工，可以拨打 12351。\n"
)
CHANNELS = {
    "微信公众号": None,
    "新浪微博": "互动数",
    "网站（WordPress）": "评论数",
    "移动端资讯": "打开次数",
}
METRICS_LIMIT_S = 120.0


def posts_of_the_matter() -> list[Mapping[str, object]]:
    """Tell one matter from several sources, as a day on which it spreads would."""
    now = SystemClock().now()
    told = [
        f"{MATTER}拖欠工资三个月，工友相约明天到厂门口讨说法",
        f"{MATTER}欠薪没有下文，织布车间的工友说要去讨说法",
        f"有工友反映{MATTER}拖欠工资，讨说法的人越来越多",
        f"{MATTER}工人讨薪，厂方又推迟了发放日期",
        f"欠薪三个月，{MATTER}几十名工人聚集等答复",
        f"{MATTER}的工资还没发，班组长也开始讨薪",
    ]
    return [
        {
            "url": f"https://loom.example.invalid/{number}",
            "title": title,
            "text": f"{title}。第{number}班的工友说，{number + 20}个人的工资从八月起一直没有发，"
            f"厂方第{number}次答复说还在筹款，大家希望工会和劳动监察部门来了解情况。",
            "published_at": (now - dt.timedelta(minutes=10 - number)).isoformat(),
            "source": f"河湾读者来信{number % 4}",
            "platform": "论坛",
        }
        for number, title in enumerate(told, start=1)
    ]


def test_a_rising_matter_is_taken_answered_reviewed_published_and_counted(
    demo: Served, room: Room
) -> None:
    demo.ingest(posts_of_the_matter())
    analyst = room.desk(demo.base)
    alert = see_it_rise(analyst)
    acknowledge(room.desk(demo.base, size=PHONE), alert)
    editor = room.desk(demo.base)
    draft = write_answer(editor, alert)
    for login in ("shenjiao", "fushen"):
        approve(room.desk(demo.base), login)
    publish(editor, draft)
    check_publications(editor)
    check_numbers(demo, editor, draft)


def see_it_rise(desk: Desk) -> str:
    """Find the red alert and the rising topic on the overview; give the path of the alert."""
    desk.sign_in("fenxi", PASSWORD)
    row = desk.page.locator(".alert-row.red a").filter(has_text="欠薪引发聚集").first
    rising = desk.page.get_by_role("region", name="升温主题").get_by_role(
        "link", name="欠薪与工资支付"
    )

    desk.open_until(
        "/",
        lambda: row.count() > 0 and rising.count() > 0,
        limit_s=START_LIMIT_S,
        what="the matter is red and rising on the overview",
    )
    rising.click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("信息检索")
    desk.open(f"/documents?q={MATTER}")
    expect(desk.page.get_by_role("region", name="检索结果")).to_contain_text(MATTER)
    desk.open("/")
    path = row.get_attribute("href")
    assert path is not None
    return path


def acknowledge(desk: Desk, alert: str) -> None:
    desk.sign_in("zhiban", PASSWORD)
    desk.open(alert)
    expect(desk.page.get_by_role("heading", name="为什么触发")).to_be_visible()
    button = desk.page.get_by_role("button", name=re.compile("^签收"))
    button.click()
    expect(button).to_have_count(0)
    expect(desk.page.get_by_role("region", name="处置记录")).to_contain_text("王敏")


def write_answer(desk: Desk, alert: str) -> str:
    """Draft the answer from the alert for all four channels and send it to review."""
    desk.sign_in("bianji", PASSWORD)
    desk.open(alert)
    desk.press("起草回应")
    expect(desk.page.get_by_text("这篇回应预警")).to_be_visible()
    desk.fill({"标题": TITLE, "正文": ANSWER})
    accounts = desk.page.get_by_role("group", name="账号").get_by_role("checkbox")
    expect(accounts).to_have_count(len(CHANNELS))
    for number in range(len(CHANNELS)):
        accounts.nth(number).check()
    desk.press("保存并送审")
    expect(desk.page.get_by_text(re.compile("审校中|送审")).first).to_be_visible()
    found = re.search(r"/drafts/\d+", desk.page.url)
    assert found is not None, desk.page.url
    return found[0]


def approve(desk: Desk, login: str) -> None:
    desk.sign_in(login, PASSWORD)
    desk.open("/reviews")
    desk.press(TITLE)
    desk.press("通过")
    desk.page.get_by_role("dialog").get_by_role("button", name="通过").click()
    expect(desk.page.get_by_text(re.compile("已通过|已审定|通过了")).first).to_be_visible()


def publish(desk: Desk, draft: str) -> None:
    desk.open(draft)
    desk.press("立即发布")
    desk.page.get_by_role("alertdialog").get_by_role("button", name="现在发布").click()
    lines = desk.page.get_by_role("region", name="发布情况").get_by_role("row")
    expect(lines.filter(has_text=re.compile("|".join(CHANNELS)))).to_have_count(len(CHANNELS))

    def are_published() -> bool:
        return lines.filter(has_text="已发布").count() == len(CHANNELS)

    desk.open_until(draft, are_published, limit_s=90, what="all four publications are out")


def check_publications(desk: Desk) -> None:
    """Open the link of each publication as a reader would."""
    links = desk.page.get_by_role("link", name="平台上的链接")
    expect(links).to_have_count(len(CHANNELS))
    for link in links.all():
        address = link.get_attribute("href")
        assert address is not None
        assert address.startswith("http://127.0.0.1:")
        answer = httpx.get(address, trust_env=False, timeout=10)
        assert answer.status_code == 200, address
        assert "演织布厂" in answer.text, address


def check_numbers(demo: Served, desk: Desk, draft: str) -> None:
    region = desk.page.get_by_role("region", name="发布情况")
    demo.make_numbers_due()
    counted = [words for words in CHANNELS.values() if words is not None]

    def are_counted() -> bool:
        text = region.inner_text()
        return all(words in text for words in counted)

    desk.open_until(
        draft, are_counted, limit_s=METRICS_LIMIT_S, what="the numbers of the first day are read"
    )
    for name, words in CHANNELS.items():
        line = region.get_by_role("row").filter(has_text=name)
        if words is None:
            line.get_by_role("link", name=re.compile("市总工会")).click()
            numbers = desk.page.get_by_role("region", name="效果数据")
            expect(numbers).to_contain_text("次日")
            desk.open(draft)
        else:
            expect(line.locator("td[data-label='评'], td[data-label='阅读']").first).to_be_visible()
