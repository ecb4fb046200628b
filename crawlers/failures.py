"""Why a page could not be collected, in words for the person who looks after the source."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

GONE_STATUSES = frozenset({404, 410})
FORBIDDEN_STATUSES = frozenset({401, 402, 403, 407, 451})
BUSY_STATUSES = frozenset({429, 503})
SERVER_ERROR = 500


class FailureCause(StrEnum):
    UNREACHABLE = "unreachable"
    UNRESOLVED = "unresolved"
    TIMEOUT = "timeout"
    INCOMPLETE = "incomplete"
    CERTIFICATE = "certificate"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    BUSY = "busy"
    SERVER_ERROR = "server_error"
    REFUSED = "refused"
    REDIRECTS = "redirects"
    ROBOTS = "robots"
    ROBOTS_UNAVAILABLE = "robots_unavailable"
    TOO_LARGE = "too_large"
    BOMB = "bomb"
    ADDRESS = "address"
    UNREADABLE = "unreadable"
    BROWSER_MISSING = "browser_missing"
    KEY = "key"
    RESTING = "resting"
    WAITING = "waiting"
    INTERNAL = "internal"


REASONS = {
    FailureCause.UNREACHABLE: "连不上这个网站，稍后自动重试。",
    FailureCause.UNRESOLVED: "网站的域名解析不出来，稍后自动重试；如一直这样，请检查网址。",
    FailureCause.TIMEOUT: "网站在限定时间内没有答完，稍后自动重试。",
    FailureCause.INCOMPLETE: "网站中途断开了连接，稍后自动重试。",
    FailureCause.CERTIFICATE: "网站的安全证书无法验证，没有采集；稍后自动重试。",
    FailureCause.GONE: "页面不存在（404）。请检查网址，网站可能改版了。",
    FailureCause.FORBIDDEN: "网站不允许访问这个页面（需要登录或被拒绝），没有采集。",
    FailureCause.BUSY: "网站要求我们慢一些，已推迟下次采集。",
    FailureCause.SERVER_ERROR: "网站自身出错，稍后自动重试。",
    FailureCause.REFUSED: "网站没有给出页面。",
    FailureCause.REDIRECTS: "网址转来转去没有尽头，没有采集。",
    FailureCause.ROBOTS: "网站的 robots.txt 不允许采集这个地址，已遵守，没有采集。",
    FailureCause.ROBOTS_UNAVAILABLE: "网站的 robots.txt 暂时取不到，按规矩视为不允许，稍后自动重试。",
    FailureCause.TOO_LARGE: "页面超过 5 MB 的上限，已停止读取，没有保存。",
    FailureCause.BOMB: "页面解压后超过 5 MB 的上限（可能是压缩炸弹），已停止读取，没有保存。",
    FailureCause.ADDRESS: "地址指向内部网络或不是 http/https 网页，为安全起见没有访问。",
    FailureCause.UNREADABLE: "页面读不懂，没有采集。",
    FailureCause.BROWSER_MISSING: "这个信源要用浏览器打开，而本机没有装浏览器组件，没有采集。",
    FailureCause.KEY: "这个信源要带密钥采集，而密钥用不了，没有采集。",
    FailureCause.RESTING: "网站暂时不宜打扰，稍后自动再试。",
    FailureCause.WAITING: "按礼貌间隔排队等候，稍后自动采集。",
    FailureCause.INTERNAL: "采集程序出错，已记入日志，稍后自动重试。",
}
_RETRYABLE = frozenset(
    {
        FailureCause.UNREACHABLE, FailureCause.UNRESOLVED, FailureCause.TIMEOUT,
        FailureCause.INCOMPLETE, FailureCause.CERTIFICATE, FailureCause.BUSY,
        FailureCause.SERVER_ERROR, FailureCause.ROBOTS_UNAVAILABLE, FailureCause.INTERNAL,
        FailureCause.BROWSER_MISSING, FailureCause.KEY,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """``retry_after_s`` is what the site asked for."""

    cause: FailureCause
    reason: str
    retry_after_s: float | None = None

    @property
    def is_retryable(self) -> bool:
        return self.cause in _RETRYABLE


class FetchFailedError(Exception):
    """Carries the failure of one fetch to where it is recorded."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class NotNowError(FetchFailedError):
    """The page was not asked for: it is not its turn yet, or its host is left alone. Nothing is known of it."""

    def __init__(self, reason: str | None, wait_s: float) -> None:
        cause = FailureCause.RESTING if reason else FailureCause.WAITING
        super().__init__(failure(cause, reason or "", retry_after_s=max(0.0, wait_s)))


def failure(
    cause: FailureCause, detail: str = "", *, retry_after_s: float | None = None
) -> Failure:
    """Describe a failure; ``detail`` is a Chinese sentence that replaces the usual one."""
    return Failure(cause, detail or REASONS[cause], retry_after_s)


def status_failure(
    status: int, retry_after: str = "", *, now: dt.datetime | None = None
) -> Failure:
    """Describe an answer that is no page; ``now`` is needed to understand a date in ``Retry-After``."""
    if status in GONE_STATUSES:
        cause = FailureCause.GONE
    elif status in FORBIDDEN_STATUSES:
        cause = FailureCause.FORBIDDEN
    elif status in BUSY_STATUSES:
        cause = FailureCause.BUSY
    elif status >= SERVER_ERROR:
        cause = FailureCause.SERVER_ERROR
    else:
        cause = FailureCause.REFUSED
    text = REASONS[cause]
    if str(status) not in text:
        text = f"{text.rstrip('。')}（状态码 {status}）。"
    return Failure(cause, text, retry_after_s(retry_after, now))


def retry_after_s(value: str, now: dt.datetime | None) -> float | None:
    """Read seconds or an HTTP date (RFC 9110 §10.2.3); None for what is neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    if not value or now is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())
