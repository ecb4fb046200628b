"""From an empty folder to an alert that somebody on duty has taken: with nothing but the console."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import expect

from core.clock import SHANGHAI, SystemClock
from tests.alerting.servers import Mailbox, smtp_sink
from tests.browser.desk import PHONE, Desk, Room
from tests.browser.looking import look_at, report
from tests.browser.serving import Served
from tests.installation import LoopbackSite, loopback_site, wait_until

ADMINISTRATOR, OFFICER = "guanli", "zhiban1"
ADMINISTRATOR_PASSWORD = "河湾的桥 2026 年又修了一座"
OFFICER_PASSWORD = "夜班的灯一直亮到天明 2026"
OFFICER_MAIL = "zhiban1@example.invalid"
EMPTY_PAGES = (
    "/",
    "/alerts",
    "/inbox",
    "/roster",
    "/calendar",
    "/drafts",
    "/reviews",
    "/accounts",
    "/sources",
    "/channels",
    "/users",
    "/system",
)
RULE = "青檀车间欠薪"
POST = (
    "青檀车间三个月没发工资，工友在厂门口等答复",
    (
        "青檀车间的工友今天反映，八月以来的工资和加班费一直没有发放，厂方两次承诺的日期都已经过去。\n"
        "上午大约四十名工友在厂门口等候答复，希望厂方公布考勤记录和欠发数额，并给出发放的日期。\n"
        "当地工会已经派人到车间了解情况，逐人登记了考勤与欠发数额，并联系劳动监察部门一起核实。"
    ),
)
CALM_POST = (
    "图书馆周末延长开放时间",
    (
        "市图书馆从本周起延长周末的开放时间，早上八点半开门，晚上九点闭馆，节假日照常开放。\n"
        "馆方介绍，新增的自习座位可以在网上预约，每次最长四个小时，到时没有签到的座位会自动释放。"
    ),
)


@pytest.fixture(scope="module")
def site() -> Iterator[LoopbackSite]:
    with loopback_site() as site:
        site.publish("library", *CALM_POST)
        yield site


@pytest.fixture(scope="module")
def mail() -> Iterator[tuple[Mailbox, int]]:
    with smtp_sink() as sink:
        yield sink


def test_pages_of_an_installation_without_content_say_what_to_do(empty: Served, room: Room) -> None:
    desk = room.desk(empty.base)
    enter_as_administrator(desk)
    found = [finding for path in EMPTY_PAGES for finding in look_at(desk, path)]
    assert not found, report(found)


def test_an_empty_installation_is_set_up_in_the_console_until_an_alert_is_acknowledged(
    empty: Served, room: Room, site: LoopbackSite, mail: tuple[Mailbox, int]
) -> None:
    mailbox, mail_port = mail
    administrator = room.desk(empty.base)
    enter_as_administrator(administrator)
    one_time = create_officer(administrator)
    officer = room.desk(empty.base)
    replace_one_time_password(officer, one_time)
    set_up_shift(administrator)
    set_up_mail(administrator, mail_port)
    choose_mail(administrator)
    wait_until(lambda: mailbox.mails, limit_s=20, what="the test mail arrives")
    assert f"{ADMINISTRATOR}@example.invalid" in mailbox.mails[0]["To"]
    set_up_source(administrator, site)
    set_up_rule(administrator)

    site.publish("qingtan", *POST)

    wait_until(lambda: len(mailbox.mails) > 1, limit_s=90, what="the alert arrives by e-mail")
    alert_mail = mailbox.mails[1]
    assert OFFICER_MAIL in alert_mail["To"]
    assert "红色" in str(alert_mail["Subject"])
    assert isinstance(alert_mail, EmailMessage)
    body = alert_mail.get_body(("plain",))
    assert body is not None
    link = re.search(rf"{empty.base}/alerts/\d+", body.get_content())
    assert link is not None
    acknowledge_on_phone(officer, link[0])
    administrator.open("/alerts?tab=all")
    expect(administrator.page.get_by_role("row").filter(has_text=RULE)).to_contain_text("已签收")


def enter_as_administrator(desk: Desk) -> None:
    """Create the first administrator, or sign in as the one an earlier test has created."""
    desk.open("/")
    if not desk.page.url.endswith("/setup"):
        desk.sign_in(ADMINISTRATOR, ADMINISTRATOR_PASSWORD)
        return
    desk.fill(
        {
            "工会组织名称": "河湾市总工会",
            "您的姓名": "何平",
            "登录名": ADMINISTRATOR,
            "电子邮箱": f"{ADMINISTRATOR}@example.invalid",
            "密码": ADMINISTRATOR_PASSWORD,
            "再输一次密码": ADMINISTRATOR_PASSWORD,
        }
    )
    desk.press("创建管理员")
    expect(desk.page.get_by_role("link", name="用户机构")).to_be_visible()


def create_officer(desk: Desk) -> str:
    """Create the duty officer and give the password that is shown once."""
    desk.open("/users/new")
    desk.fill({"姓名": "王敏", "登录名": OFFICER, "电子邮箱": OFFICER_MAIL})
    desk.field("值班员").check()
    desk.press("创建并生成一次性密码")
    return desk.page.locator("#one-time-password").inner_text().strip()


def replace_one_time_password(desk: Desk, one_time: str) -> None:
    desk.sign_in(OFFICER, one_time)
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("更换密码")
    desk.fill(
        {"现在的密码": one_time, "新密码": OFFICER_PASSWORD, "再输一次新密码": OFFICER_PASSWORD}
    )
    desk.press("更换密码")
    desk.open("/alerts")
    expect(desk.page.get_by_text("没有等您处置的预警")).to_be_visible()


def set_up_shift(desk: Desk) -> None:
    now = SystemClock().now().astimezone(SHANGHAI)
    desk.open("/roster")
    desk.press("排班")
    desk.field("班次").select_option(label="主班")
    desk.field("人员").select_option(label="王敏")
    desk.fill(
        {
            "上班": f"{now - dt.timedelta(hours=1):%Y-%m-%dT%H:%M}",
            "下班": f"{now + dt.timedelta(hours=12):%Y-%m-%dT%H:%M}",
        }
    )
    desk.press("保存")
    expect(desk.page.get_by_role("region", name="现在", exact=True)).to_contain_text("王敏")


def set_up_mail(desk: Desk, port: int) -> None:
    desk.open("/channels")
    desk.press("添加电子邮件")
    desk.fill(
        {"SMTP 服务器": "127.0.0.1", "端口": str(port), "发件地址": "zhisheng@example.invalid"}
    )
    desk.field("加密方式").select_option(label="不加密（仅限内网）")
    desk.press("保存")
    desk.press("发送测试")
    expect(desk.page.get_by_text("测试消息已").first).to_be_visible()


def choose_mail(desk: Desk) -> None:
    """Let the officer have mails: the channel could not be chosen before it was there."""
    desk.open("/users")
    desk.press("王敏")
    desk.field("电子邮件").check()
    desk.press("保存")


def set_up_source(desk: Desk, site: LoopbackSite) -> None:
    desk.open("/sources/new/list_page")
    desk.fill(
        {
            "名称": "河湾新闻",
            "网址": f"{site.url}/",
            "采集间隔（秒）": "2",
            "文章链接的 CSS 选择器": "ul.list a",
            "合规依据": "公开页面，遵守 robots.txt",
        }
    )
    desk.press("试采 5 条")
    trial = desk.page.get_by_role("region", name="试采结果")
    expect(trial).to_contain_text("采到 1 条样本")
    expect(trial).to_contain_text(CALM_POST[0])
    desk.press("保存")
    expect(desk.page.get_by_text("数据源已保存")).to_be_visible()


def set_up_rule(desk: Desk) -> None:
    desk.open("/rules/new/keyword")
    desk.fill({"名称": RULE, "表达式": "青檀车间 (没发工资 OR 欠薪)"})
    desk.field("级别").select_option(label="红色")
    desk.field("归并成一条预警").select_option("rule")
    desk.field("监测目的").select_option(label="劳动关系风险预警")
    desk.press("保存并启用")
    desk.open("/rules")
    expect(desk.page.get_by_role("row").filter(has_text=RULE)).to_contain_text("已启用")


def acknowledge_on_phone(desk: Desk, link: str) -> None:
    desk.size(PHONE)
    desk.page.goto(link)
    expect(desk.page.locator("#alert")).to_contain_text(POST[0])
    button = desk.page.get_by_role("button", name=re.compile("^签收"))
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] + box["height"] <= PHONE[1]
    button.click()
    expect(desk.page.get_by_role("button", name=re.compile("^签收"))).to_have_count(0)
    expect(desk.page.locator("#alert")).to_contain_text("王敏")
    expect(desk.page.locator("#alert")).to_contain_text("签收")
