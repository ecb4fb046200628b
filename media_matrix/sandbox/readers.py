"""Readers of the sandbox platforms: what they write below a post, minute by minute. Nobody of them exists."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from media_matrix.sandbox.state import SandboxComment, SandboxState


@dataclass(frozen=True, slots=True)
class _Line:
    minutes: float
    author: int
    text: str
    likes: int = 0
    answers: int | None = None


OURS = 0
_NAMES = (
    "",
    "夜班的风",
    "塔吊下的影子",
    "小满",
    "跑单的老周",
    "流水线3号",
    "阿宁",
    "工友互助",
    "等雨停",
)
# Author 0 is the account itself. ``answers`` names the line that is replied to.
_SCRIPT = (
    _Line(0.7, 1, "终于有人管了，谢谢工会。", 3),
    _Line(2, 2, "我们工地也一样，干了四个月只发了两个月生活费，找项目部总说等甲方回款，能不能也来看看？", 12),
    _Line(4, 3, "公告写得挺好，可我打12351一直占线，换了三天都没打通。", 8),
    _Line(9, 4, "回复@夜班的风：先别急着谢，钱到手再说。", 5, 0),
    _Line(12, OURS, "您好，请把项目名称私信给我们，工会法律援助律师会联系您。", 2, 1),
    _Line(14, 5, "我在开发区一家电子厂，每天站十二个小时，周六加班不给加班费，不敢说厂名，怕被开除。", 21),
    _Line(31, 6, "有急事可以打我电话 13800138000，我们六个人都愿意作证。", 1),
    _Line(44, 2, "已经私信了，麻烦尽快，年底大家都等钱回家。", 4, 4),
    _Line(70, 7, "工伤认定材料交上去两个月没消息，窗口说再等等，工会能不能帮着催一下？", 9),
    _Line(110, 8, "平台站点说不跑满26天就扣全勤，发烧那天请假也扣了，这合规吗？", 17),
    _Line(200, 1, "更新：今天工资到账了，三十多个人都拿到了。", 40),
    _Line(420, 5, "厂里知道有人反映后开始查手机，大家小心。", 11),
    _Line(760, 3, "电话打通了，接线的同志很耐心，给登记了。", 6),
    _Line(1500, 6, "二次转包的老板又失联了，后面一批人的钱还没有着落。", 14),
    _Line(3000, 8, "希望这样的公告能贴到站点里，很多人看不到。", 2),
)  # fmt: skip


def add_readers(
    state: SandboxState, platform: str, post_id: str, since: dt.datetime, *, own_id: str
) -> None:
    """Let the readers write below a post from ``since`` on."""
    ids: list[int] = []
    for line in _SCRIPT:
        answered = None if line.answers is None else ids[line.answers]
        author = own_id if line.author == OURS else str(7_000_000_000 + line.author)
        name = "示范市总工会" if line.author == OURS else _NAMES[line.author]
        at = since + dt.timedelta(minutes=line.minutes)
        ids.append(
            add_comment(
                state, platform, post_id, line.text, at,
                author_id=author, author_name=name, likes=line.likes, in_reply_to=answered,
            ).id
        )  # fmt: skip


def add_comment(  # noqa: PLR0913 (all options are keyword-only)
    state: SandboxState,
    platform: str,
    post_id: str,
    text: str,
    at: dt.datetime,
    *,
    author_id: str = "7000000100",
    author_name: str = "路过的人",
    likes: int = 0,
    in_reply_to: int | None = None,
) -> SandboxComment:
    """Write one comment; ids rise with the time, as they do on the platforms."""
    with state.lock:
        number = int(at.timestamp() * 1000) * 1000 + state.number() % 1000
        comment = SandboxComment(
            id=number, platform=platform, post_id=post_id, text=text, author_id=author_id,
            author_name=author_name, created_at=at, likes=likes, in_reply_to=in_reply_to,
        )  # fmt: skip
        state.data.comments.append(comment)
        return comment


def shown_comments(state: SandboxState, platform: str, post_id: str) -> list[SandboxComment]:
    """Give what can be seen below a post now, newest first."""
    now = state.clock.now()
    if not state.data.switches.growth:
        return []
    shown = [
        comment
        for comment in state.data.comments
        if (comment.platform, comment.post_id) == (platform, post_id)
        and comment.created_at <= now
        and not comment.is_deleted
    ]
    return sorted(shown, key=lambda comment: comment.id, reverse=True)
