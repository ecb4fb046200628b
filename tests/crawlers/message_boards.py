"""Message boards as offices have them, with invented messages: three ways of marking text, state and reply."""

from __future__ import annotations

from dataclasses import dataclass

from tests.crawlers.site import Answer, Site, html

WISHES = (
    "安置房二期工地拖欠十月份工资",
    "快递站点高温天没有发防暑用品",
    "环卫工人休息点冬天没有热水",
    "产业园公交末班车赶不上晚班",
    "餐馆扣押身份证不让辞职离开",
    "培训补贴申请三个月没有下文",
)
REPLY = "经核实情况属实，已责成有关单位在本月底前解决，并将结果告知本人，感谢您的监督。"
OFFICE = "河湾市人力资源和社会保障局"


@dataclass(frozen=True, slots=True)
class Board:
    """A board that has been published on a site, and what its first answered message holds."""

    path: str
    text: str
    asked: str
    state_words: tuple[str, str]


def _message(number: int) -> str:
    return f"{WISHES[number]}，一共涉及{number + 3}个人，多次反映没有得到解决，希望有关部门管一管。"


def _is_answered(number: int) -> bool:
    return number % 2 == 1


def leaders(site: Site) -> Board:
    """Publish a list of messages and a page for each, marked by names as the large boards do."""
    rows = "".join(
        f'<li><h3><a href="/threads/content?tid=1{n:03d}">{WISHES[n]}</a></h3>'
        f'<span class="state">{"已回复" if _is_answered(n) else "办理中"}</span><em>2026-11-{10 + n} 08:30</em></li>'
        for n in range(6)
    )
    site.pages["/threads/list?fid=7"] = html("给河湾领导留言-留言板", f'<ul class="message-list">{rows}</ul>')  # fmt: skip
    for n in range(6):
        reply = (
            f'<ul class="reply"><li class="reply_li clearfix"><h4 class="r_title"><span class="name">{OFFICE}</span>'
            f"<em>2026-11-{12 + n} 10:20</em></h4><p class='zoom'>{REPLY}</p></li></ul>"
        )
        site.pages[f"/threads/content?tid=1{n:03d}"] = html(
            f"{WISHES[n]}-留言板",
            '<div class="nav"><a href="/">首页</a> <a href="/threads/list?fid=7">留言列表</a></div>'
            f'<div class="liuyan_box"><h2>{WISHES[n]}</h2><p class="mark"><b class="state_on">'
            f"{'已回复' if _is_answered(n) else '办理中'}</b><span>2026-11-{10 + n} 08:30</span></p>"
            f'<p class="zoom content">{_message(n)}</p></div>{reply if _is_answered(n) else ""}'
            '<div class="reply_form"><form><textarea name="reply"></textarea></form></div>',
        )
    return Board("/threads/list?fid=7", _message(1), "2026-11-11 08:30", ("办理中", "已回复"))


def letters(site: Site) -> Board:
    """Publish a table of 标题/状态/时间, each letter a table of labels without any name, in GBK."""
    rows = "".join(
        f'<tr><td><a href="show.asp?id=2026{n:04d}">{WISHES[n]}</a></td>'
        f"<td>{'已办结' if _is_answered(n) else '处理中'}</td><td>2026-11-{10 + n}</td></tr>"
        for n in range(6)
    )
    _put(site, "/xinxiang/list.asp", "网上信访-领导信箱", f"<table><tr><th>标题</th><th>状态</th><th>时间</th></tr>{rows}</table>")  # fmt: skip
    for n in range(6):
        answered = (REPLY, OFFICE, f"2026-11-{12 + n}") if _is_answered(n) else ("暂无答复", "", "")
        said, office, at = answered
        cells = (
            f"<tr><td>信件标题：</td><td colspan=3>{WISHES[n]}</td></tr>"
            f"<tr><td>来信时间：</td><td>2026-11-{10 + n} 09:00</td><td>办理状态：</td>"
            f"<td>{'已办结' if _is_answered(n) else '处理中'}</td></tr>"
            f"<tr><td>来信内容：</td><td colspan=3>{_message(n)}</td></tr>"
            f"<tr><td>答复单位：</td><td>{office}</td><td>答复时间：</td><td>{at}</td></tr>"
            f"<tr><td>答复内容：</td><td colspan=3>{said}</td></tr>"
        )
        _put(site, f"/xinxiang/show.asp?id=2026{n:04d}", "信件详情", f'<div id="main"><table border=1>{cells}</table></div>')  # fmt: skip
    return Board("/xinxiang/list.asp", _message(1), "2026-11-11 09:00", ("处理中", "已办结"))


def _put(site: Site, path: str, title: str, body: str) -> None:
    page = f'<html><head><meta charset="gb2312"><title>{title}</title></head><body>{body}</body></html>'
    site.pages[path] = Answer(page.encode("gbk"), headers=(("Content-Type", "text/html"),))


def hotline(site: Site) -> Board:
    """Publish cards of a citizens' hotline; terms on top, the result in a part of its own once there is one."""
    cards = "".join(
        f'<div class="order-item"><a href="/order/2026111{n}.html"><p class="tit">{WISHES[n]}</p></a>'
        f'<p class="info"><span>{"已解决" if _is_answered(n) else "已受理"}</span><span>2026-11-{10 + n}</span></p></div>'
        for n in range(6)
    )
    site.pages["/order/"] = html("12345 诉求公开", f'<div class="orders">{cards}</div>')
    for n in range(6):
        result = (
            f'<div class="part"><h4>办理结果</h4><div class="txt">{REPLY}</div></div>'
            f'<div class="part"><h4>办理单位</h4><div class="txt">{OFFICE}</div></div>'
            f'<div class="part"><h4>办结时间</h4><div class="txt">2026-11-{12 + n} 16:00</div></div>'
        )
        site.pages[f"/order/2026111{n}.html"] = html(
            "诉求详情",
            f"<h1>{WISHES[n]}</h1><dl><dt>受理时间</dt><dd>2026-11-{10 + n} 10:00</dd><dt>诉求类型</dt><dd>劳动保障</dd>"
            f"<dt>办理状态</dt><dd>{'已解决' if _is_answered(n) else '已受理'}</dd>"
            f'<dt>诉求内容</dt><dd>{_message(n)}</dd></dl><div class="result">{result if _is_answered(n) else ""}</div>',
        )
    return Board("/order/", _message(1), "2026-11-11 10:00", ("已受理", "已解决"))
