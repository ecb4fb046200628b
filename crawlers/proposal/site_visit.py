"""Looking at a site once for a person who waits: robots.txt first, all within one time limit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from core.clock import monotonic
from core.errors import CrawlError
from core.outbound.bodies import RawBody
from core.outbound.client import HTTPClient, Response
from core.outbound.errors import (
    AddressRefusedError,
    RequestError,
    ResolutionError,
    ResponseTooLargeError,
)
from crawlers.engine.trial_browser import LONGEST_PAGE_S, Asked, TrialBrowser
from crawlers.failures import FailureCause, FetchFailedError, status_failure
from crawlers.meta_refresh import refresh_target
from crawlers.proposal.robots_rule import RobotsRule, deciding_rule
from crawlers.robots import UNAVAILABLE, RobotsRules, RobotsVerdict, product_token, robots_url
from crawlers.robots import rules_of as robots_rules_of
from crawlers.source import FetchedPage
from crawlers.source_keys import RequestKey

LIMIT_S = 12.0
ROBOTS_LIMIT_S = 5.0
SHORTEST_S = 0.2
OK = 200
MOST_REFRESHES = 5
# Of the time that is left: the rest is for starting the browser and for handing the page over.
BROWSER_SHARE = 0.7
NOTHING_SAVED = "什么也没有保存。"


@dataclass(frozen=True, slots=True)
class VisitFault:
    """What happened, what state things are in, and what to do, each a Chinese sentence."""

    cause: FailureCause
    what: str
    advice: str
    state: str = NOTHING_SAVED

    def __str__(self) -> str:
        return f"{self.what}{self.state}{self.advice}"


class VisitFailedError(Exception):
    """Carries the fault to whoever shows it."""

    def __init__(self, fault: VisitFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class RobotsFinding:
    """``rule`` is the line that decides; None where the file names none, or where there is no file."""

    verdict: RobotsVerdict
    rule: RobotsRule | None = None
    crawl_delay_s: float = 0
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class _Robots:
    rules: RobotsRules
    text: str = field(default="", repr=False)
    is_missing: bool = False


_ADVICE = {
    FailureCause.ROBOTS: "请换一个允许采集的网址；确有需要时，先取得网站的书面授权或使用它的开放接口。",
    FailureCause.ROBOTS_UNAVAILABLE: "按规矩视为不允许，没有访问页面；请过一会儿再试。",
    FailureCause.TIMEOUT: "请稍后再试；一直这样时，换这个网站的订阅源或更小的栏目页。",
    FailureCause.UNRESOLVED: "请检查网址是否写错，或本机能否上网。",
    FailureCause.UNREACHABLE: "请检查网址，或稍后再试。",
    FailureCause.CERTIFICATE: "为安全起见没有读取；请核对网址，或联系网站。",
    FailureCause.TOO_LARGE: "请换成列表页、订阅源等较小的页面。",
    FailureCause.ADDRESS: "请填公开网站的网址；内网地址要由管理员加入允许的地址。",
    FailureCause.GONE: "请核对网址，网站可能改版了。",
    FailureCause.FORBIDDEN: "职声不登录、不破解验证；请换公开的页面，或使用网站的开放接口。",
    FailureCause.BUSY: "网站要求慢一些，请过几分钟再试。",
    FailureCause.SERVER_ERROR: "网站自身出错，请稍后再试。",
    FailureCause.BROWSER_MISSING: "请稍后再试；一直这样时，请管理员用 zhisheng doctor 检查。",
}
_WHAT = {
    FailureCause.ROBOTS: "网站的 robots.txt 不允许采集这个地址，已遵守，没有打开页面。",
    FailureCause.ROBOTS_UNAVAILABLE: "网站的 robots.txt 暂时取不到。",
    FailureCause.TIMEOUT: "网站在限定的时间内没有答完。",
    FailureCause.TOO_LARGE: "页面超过 5 MB 的上限，已停止读取。",
    FailureCause.REDIRECTS: "网址转来转去没有尽头。",
}


def fault_of(cause: FailureCause, what: str = "") -> VisitFault:
    return VisitFault(
        cause, what or _WHAT.get(cause, "没有读到这个网址。"), _ADVICE.get(cause, "请换一个网址。")
    )


class SiteVisit:
    """Fetches the pages of one look; every method raises VisitFailedError. Not shared between threads."""

    def __init__(
        self,
        http: HTTPClient,
        user_agent: str,
        now: dt.datetime,
        *,
        limit_s: float = LIMIT_S,
        clock: Callable[[], float] = monotonic,
        key: RequestKey | None = None,
    ) -> None:
        self.now = now
        self._http = http
        self._token = product_token(user_agent)
        self._user_agent = user_agent
        self._clock = clock
        self._key = key
        self._ends_at = clock() + limit_s
        self._robots: dict[str, _Robots] = {}
        self._pages: dict[str, FetchedPage] = {}
        self._browser: TrialBrowser | None = None

    def use_browser(self, browser: TrialBrowser) -> None:
        """Have every page run in the browser from now on."""
        self._browser = browser

    @property
    def remaining_s(self) -> float:
        return max(0.0, self._ends_at - self._clock())

    def robots(self, url: str) -> RobotsFinding:
        known = self._rules(url)
        verdict = known.rules.verdict(url, self._user_agent)
        rule = deciding_rule(known.text, url, self._token) if known.text else None
        if rule is not None and rule.allows != (verdict is RobotsVerdict.ALLOWED):
            # Two readers that disagree show no line rather than a wrong one.
            rule = None
        return RobotsFinding(
            verdict, rule, known.rules.crawl_delay_s(self._user_agent), known.is_missing
        )

    def page(
        self, url: str, headers: Mapping[str, str] | None = None, *, body: bytes | None = None
    ) -> FetchedPage:
        """Fetch what robots.txt allows, redirects judged anew; with a ``body`` it is a POST.

        One look asks for a page once, however often it is read.
        """
        if body is None and url in self._pages:
            return self._pages[url]
        page = self._fetched(url, headers, body=body)
        if body is None:
            for _ in range(MOST_REFRESHES):
                target = refresh_target(page.body, page.url, page.content_type)
                if target is None:
                    break
                page = self._fetched(target, headers)
            else:
                raise VisitFailedError(fault_of(FailureCause.REDIRECTS))
            if self._browser is not None and "html" in (page.content_type or "html").lower():
                page = self._run(self._browser, page)
            self._pages[url] = page
        return page

    def _run(self, browser: TrialBrowser, page: FetchedPage) -> FetchedPage:
        """Let the browser run the scripts of a page that was fetched like any other."""
        left_s = self.remaining_s
        asked = Asked(
            page.url, page.content_type, page.body, self._rules(page.url).text,
            limit_s=min(LONGEST_PAGE_S, left_s * BROWSER_SHARE),
        )  # fmt: skip
        try:
            body = browser.run(asked, limit_s=left_s)
        except FetchFailedError as error:
            found = error.failure
            raise VisitFailedError(fault_of(found.cause, _first_sentence(found.reason))) from error
        return replace(page, body=body, content_type="text/html; charset=utf-8")

    def _fetched(
        self, url: str, headers: Mapping[str, str] | None, *, body: bytes | None = None
    ) -> FetchedPage:
        self._require_allowed(url)
        keyed = self._key.headers(url) if self._key else {}
        answer = self._answer(url, {**(headers or {}), **keyed}, body=body)
        if answer.status != OK:
            failure = status_failure(answer.status)
            raise VisitFailedError(fault_of(failure.cause, _first_sentence(failure.reason)))
        if _origin(answer.url) != _origin(url):
            self._require_allowed(answer.url)
        return FetchedPage(
            answer.url, answer.content, self.now, answer.headers.get("content-type", "")
        )

    def _require_allowed(self, url: str) -> None:
        verdict = self._rules(url).rules.verdict(url, self._user_agent)
        if verdict is RobotsVerdict.FORBIDDEN:
            raise VisitFailedError(fault_of(FailureCause.ROBOTS))
        if verdict is RobotsVerdict.UNAVAILABLE:
            raise VisitFailedError(fault_of(FailureCause.ROBOTS_UNAVAILABLE))

    def _rules(self, url: str) -> _Robots:
        origin = _origin(url)
        if origin not in self._robots:
            self._robots[origin] = self._asked(url)
        return self._robots[origin]

    def _asked(self, url: str) -> _Robots:
        try:
            answer = self._answer(robots_url(url), {}, longest_s=ROBOTS_LIMIT_S)
        except VisitFailedError as error:
            if error.fault.cause in {FailureCause.ADDRESS, FailureCause.UNRESOLVED}:
                raise
            return _Robots(UNAVAILABLE)
        rules = robots_rules_of(answer.status, answer.content)
        text = answer.content.decode("utf-8-sig", errors="replace") if answer.is_success else ""
        is_missing = rules.rules is None and rules.blanket is RobotsVerdict.ALLOWED
        return _Robots(rules, text, is_missing)

    def _answer(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        longest_s: float = LIMIT_S,
        body: bytes | None = None,
    ) -> Response:
        limit = min(longest_s, self.remaining_s)
        if limit < SHORTEST_S:
            raise VisitFailedError(fault_of(FailureCause.TIMEOUT))
        try:
            if body is None:
                return self._http.request("GET", url, headers=headers, timeout_s=limit)
            kind = headers.get("content-type") or headers.get("Content-Type") or "application/json"
            return self._http.request(
                "POST", url, headers=headers, body=RawBody(body, kind), timeout_s=limit
            )
        except CrawlError as error:
            raise VisitFailedError(self._fault(error)) from error

    def _fault(self, error: CrawlError) -> VisitFault:
        if isinstance(error, AddressRefusedError):
            return fault_of(FailureCause.ADDRESS, _first_sentence(str(error)))
        if isinstance(error, ResponseTooLargeError):
            return fault_of(FailureCause.TOO_LARGE)
        if isinstance(error.__cause__, ResolutionError):
            return fault_of(FailureCause.UNRESOLVED, "网站的域名解析不出来。")
        if isinstance(error, RequestError) and "超时" in str(error):
            return fault_of(FailureCause.TIMEOUT)
        if "证书" in str(error):
            return fault_of(FailureCause.CERTIFICATE, "网站的安全证书无法验证。")
        return fault_of(FailureCause.UNREACHABLE, _first_sentence(str(error)))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _first_sentence(text: str) -> str:
    return text.partition("。")[0] + "。"
