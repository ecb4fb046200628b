"""The calls of the WeChat Official Account interface that we make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from core.database.base import JsonObject
from core.outbound.bodies import Body, FilePart, JSONBody, MultipartBody
from media_matrix.access import PlatformAccess
from media_matrix.platform_codes import CodeAction
from media_matrix.publishers.base import ChannelAccount, Ledger, PlatformRefusedError
from media_matrix.publishers.platform_http import Answer, Call, PlatformHTTP
from media_matrix.publishers.wechat_token import TokenDesk
from media_matrix.quota import Quota

BASE_URL = "https://api.weixin.qq.com"
_PAGE = 20
_PAGES = 2
_QUOTAS = {
    "draft/add": Quota("wechat.draft_add", 1000),
    "draft/batchget": Quota("wechat.draft_list", 1000),
    "freepublish/submit": Quota("wechat.submit", 100),
    "freepublish/get": Quota("wechat.status", 100),
    "freepublish/batchget": Quota("wechat.publish_list", 100),
    "freepublish/delete": Quota("wechat.delete", 10),
}


def wechat_code(status: int, content: object) -> str | None:
    """Read ``errcode``: absent or 0 is success, whatever the HTTP status says."""
    del status
    if not isinstance(content, dict):
        return None
    code = content.get("errcode")
    return None if code in {None, 0} else str(code)


class WeChatClient:
    """One account during one operation; a refused token is replaced once and the call replayed.

    A replay is safe: a call refused for its token was not carried out.
    """

    def __init__(self, access: PlatformAccess, account: ChannelAccount) -> None:
        self._base_url = account.text("base_url", BASE_URL).rstrip("/")
        self._http = PlatformHTTP("wechat", access, account, wechat_code)
        self.tokens = TokenDesk(access, self._http, self._base_url)

    def read(self, action: str, value: JsonObject) -> Answer:
        call = self._call(action, JSONBody(value), {})
        return self._with_token(call, self._http.read)

    def write(
        self,
        action: str,
        value: JsonObject,
        ledger: Ledger,
        *,
        summary: JsonObject,
        progress: Callable[[Answer], JsonObject],
        passed: str | None = None,
    ) -> Answer:
        call = self._call(action, JSONBody(value), summary)
        return self._with_token(
            call,
            lambda signed: self._http.write(signed, ledger, progress=progress, passed=passed),
        )

    def upload_cover(
        self, picture: FilePart, ledger: Ledger, *, progress: Callable[[Answer], JsonObject]
    ) -> Answer:
        call = self._call(
            "material/add_material",
            MultipartBody((picture,)),
            {"file": picture.file_name, "bytes": len(picture.content)},
        )
        call = replace(call, params={"type": "image"})
        return self._with_token(
            call,
            lambda signed: self._http.write(signed, ledger, progress=progress, is_repeatable=True),
        )

    def drafts(self) -> Iterator[JsonObject]:
        return self._listed("draft/batchget")

    def published(self) -> Iterator[JsonObject]:
        return self._listed("freepublish/batchget")

    def _listed(self, action: str) -> Iterator[JsonObject]:
        for page in range(_PAGES):
            answer = self.read(action, {"offset": page * _PAGE, "count": _PAGE, "no_content": 0})
            items = answer.object().get("item")
            found = items if isinstance(items, list) else []
            yield from (dict(item) for item in found if isinstance(item, dict))
            if len(found) < _PAGE:
                return

    def _call(self, action: str, body: Body, summary: JsonObject) -> Call:
        prefix = "/" if action.startswith("datacube/") else "/cgi-bin/"
        return Call(
            action=action,
            method="POST",
            url=f"{self._base_url}{prefix}{action}",
            body=body,
            summary=summary,
            quota=_QUOTAS.get(action),
        )

    def _with_token(self, call: Call, send: Callable[[Call], Answer]) -> Answer:
        token = self.tokens.token()
        while True:
            params = {"access_token": token, **call.params}
            try:
                return send(replace(call, params=params))
            except PlatformRefusedError as error:
                if error.entry.action is not CodeAction.TOKEN:
                    raise
                token = self.tokens.replacement(token, code=error.entry.code)
