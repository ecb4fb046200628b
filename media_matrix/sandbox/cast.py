"""The made-up accounts that the sandbox knows, and the forms that bind them in the account book."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

from media_matrix.accounts import AccountForm
from media_matrix.sandbox.state import SandboxState, WeChatApp, WeiboToken

WECHAT_APPID = "wx00000000sandbox1"
WECHAT_SECRET = "sandbox-wechat-secret"  # noqa: S105 - known to everybody, opens nothing
WEIBO_UID = "1000000001"
WEIBO_TOKEN = "2.00sandboxtoken0001"  # noqa: S105 - as above
WORDPRESS_USER = "editor"
WORDPRESS_PASSWORD = "abcd efgh ijkl mnop"  # noqa: S105 - as above
SAFE_DOMAIN = "gonghui.example"
DEFAULT_LINK = "https://www.gonghui.example/"
_TOKEN_LIFE = dt.timedelta(days=30)


def add_cast(state: SandboxState) -> None:
    """Make the sandbox know the accounts; a Weibo token that ran out is renewed."""
    data = state.data
    with state.lock:
        data.wechat_apps.setdefault(WECHAT_APPID, WeChatApp(WECHAT_SECRET, name="示范市总工会"))
        data.weibo_tokens[WEIBO_TOKEN] = WeiboToken(
            uid=WEIBO_UID,
            name="示范市总工会",
            domain=SAFE_DOMAIN,
            expires_at=state.clock.now() + _TOKEN_LIFE,
        )
        data.wordpress_users.setdefault(WORDPRESS_USER, WORDPRESS_PASSWORD)
        state.save()


def sandbox_accounts(
    base_url: str, organisation_id: int, owner_id: int | None = None
) -> list[AccountForm]:
    """Give one form per channel, bound to the sandbox at ``base_url`` (``http://127.0.0.1:PORT``)."""
    base = base_url.rstrip("/")
    if urlsplit(base).hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError(f"the sandbox is on loopback only, not at {base}")
    options: list[tuple[str, str, str, dict[str, object]]] = [
        ("wechat", "wx-demo", "示范市总工会（演练）", {
            "appid": WECHAT_APPID, "secret": WECHAT_SECRET, "author": "示范市总工会",
            "default_link": DEFAULT_LINK, "base_url": f"{base}/wechat", "open_comments": True,
        }),
        ("weibo", "weibo-demo", "示范市总工会（演练）", {
            "uid": WEIBO_UID, "access_token": WEIBO_TOKEN, "safe_domain": SAFE_DOMAIN,
            "default_link": DEFAULT_LINK, "rip": "203.0.113.10", "base_url": f"{base}/weibo",
        }),
        ("wordpress", "site-demo", "示范市总工会网站（演练）", {
            "site_url": f"{base}/site", "user": WORDPRESS_USER,
            "application_password": WORDPRESS_PASSWORD,
        }),
        ("feed", "demo", "示范市总工会移动端（演练）", {"column": "工会资讯"}),
    ]  # fmt: skip
    return [
        AccountForm(
            channel=channel,
            handle=handle,
            name=name,
            organisation_id=organisation_id,
            options=values,
            certification="机构认证（演练）",
            owner_id=owner_id,
            filing={"number": "演练-0001", "unit": "示范市总工会"},
        )
        for channel, handle, name, values in options
    ]
