"""The key that an interface asks for: sealed where it is stored, and sent to one site alone.

A key is sealed together with the origin that it was given for. Whoever changes the address of a source to another
site, or makes its site redirect to one, therefore does not get its key.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from core.crypto.keyring import Keyring, MasterKeyError, SealedSecretError
from core.errors import CrawlError, InvalidOptionsError
from core.options import FieldKind, FieldSpec, Options
from crawlers.source import SourceProfile

PURPOSE = "source.options"
HEADER, VALUE = "key_header", "key_value"
NOT_GIVEN = "这个数据源要带密钥采集，但还没有填写密钥，没有发出请求。请编辑数据源，填上密钥。"
OTHER_SITE = "密钥是给另一个网站的，为防外泄没有发出。请重新填写密钥。"
NOT_OPENED = "密钥解不开（主密钥换过，或内容被改动），没有发出请求。请重新填写密钥。"
_GROUP = "密钥"
KEY_OPTIONS = (
    FieldSpec(HEADER, "带密钥的请求头", maximum=64, group=_GROUP,
              help="接口要密钥时，填它的请求头名，如 Authorization 或 X-API-Key。"),
    FieldSpec(VALUE, "密钥", FieldKind.SECRET, maximum=2000, group=_GROUP,
              help="请求头的整个内容，如 Bearer abc123。加密保存，不再显示，不导出；"
              "只发给网址所在的这个网站，清空上一项就删除。"),
)  # fmt: skip
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,1998}[\x21-\x7e])?")
# Written by ourselves, shown in evidence as they are, or a way to sign in, which we do not.
_RESERVED = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "connection", "content-encoding",
        "content-length", "content-type", "cookie", "expect", "host", "if-modified-since",
        "if-none-match", "range", "referer", "trailer", "transfer-encoding", "upgrade",
        "user-agent",
    }
)  # fmt: skip


class SourceKeyError(CrawlError):
    """A source that needs its key cannot have it; nothing was sent."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An opened key; it must not outlive the visit."""

    origin: str
    header: str
    value: str = field(repr=False)

    def headers(self, url: str) -> dict[str, str]:
        """Give the header for a request to the key's own site, nothing for any other."""
        return {self.header: self.value} if _origin(url) == self.origin else {}


def key_faults(options: Options, url: str | None) -> dict[str, str]:
    """Check what a person filled in; a key that is stored already is left blank."""
    header, value = str(options.get(HEADER) or ""), str(options.get(VALUE) or "")
    faults: dict[str, str] = {}
    if value and not header:
        faults[HEADER] = "填了密钥，还要填它的请求头名，如 Authorization。"
    if header and not _HEADER_NAME.fullmatch(header):
        faults[HEADER] = f"「{header}」不能作请求头名：只能用英文字母、数字和连字符。"
    elif header.lower() in _RESERVED:
        faults[HEADER] = f"「{header}」由采集程序自己写，或属于登录信息，不能用来带密钥。"
    elif header and url and _is_readable_by_others(url):
        faults[HEADER] = "经 http 发送的密钥人人看得见。请改用 https 网址；内网接口可以用 IP 地址。"
    if value and not _VALUE.fullmatch(value):
        faults[VALUE] = "密钥只能是一行英文字母、数字和符号，请检查有没有多复制了别的字。"
    return faults


def sealed_key(
    options: Options, url: str | None, kept: bytes | None, keyring: Keyring | None
) -> bytes | None:
    """Seal a key that was typed, or go on with the one ``kept`` before; None when no header asks for one.

    Raises InvalidOptionsError when a kept key belongs to another site, or nothing can be sealed here.
    """
    if not options.get(HEADER):
        return None
    typed = str(options.get(VALUE) or "")
    if typed and keyring is None:
        raise InvalidOptionsError({VALUE: "这里不能保存密钥。请在控制台的数据源页填写。"})
    if keyring is None:
        return kept
    if typed:
        content = json.dumps({"origin": _origin(url or ""), VALUE: typed})
        return keyring.seal_text(content, purpose=PURPOSE)
    if kept is not None:
        try:
            origin, _ = _opened(keyring, kept)
        except SourceKeyError as error:
            raise InvalidOptionsError({VALUE: str(error)}) from error
        if origin != _origin(url or ""):
            raise InvalidOptionsError({VALUE: f"网址换到了别的网站：{OTHER_SITE}"})
    return kept


def without_key(options: Options) -> Options:
    return {name: value for name, value in options.items() if name != VALUE}


def request_key(keyring: Keyring | None, source: SourceProfile) -> RequestKey | None:
    """Open the key of a source for one visit; None when it needs none. Raises SourceKeyError."""
    return draft_key(keyring, source.options, source.url, source.sealed_options)


def draft_key(
    keyring: Keyring | None, options: Options, url: str | None, sealed: bytes | None
) -> RequestKey | None:
    """Give the key that was typed, or else the sealed one. Raises SourceKeyError."""
    header, typed = str(options.get(HEADER) or ""), str(options.get(VALUE) or "")
    origin = _origin(url or "")
    if not header:
        return None
    if typed:
        return RequestKey(origin, header, typed)
    if sealed is None or keyring is None:
        raise SourceKeyError(NOT_GIVEN)
    given_for, value = _opened(keyring, sealed)
    if given_for != origin:
        raise SourceKeyError(OTHER_SITE)
    return RequestKey(origin, header, value)


def _opened(keyring: Keyring, sealed: bytes) -> tuple[str, str]:
    try:
        content = json.loads(keyring.unseal_text(sealed, purpose=PURPOSE))
    except (SealedSecretError, MasterKeyError) as error:
        raise SourceKeyError(NOT_OPENED) from error
    return str(content["origin"]), str(content[VALUE])


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower(), 0)
    except ValueError:
        return ""
    return f"{parts.scheme.lower()}://{(parts.hostname or '').rstrip('.').lower()}:{port}"


def _is_readable_by_others(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        # What is no address is refused elsewhere.
        return False
    if parts.scheme.lower() != "http":
        return False
    try:
        return not ipaddress.ip_address(host).is_private
    except ValueError:
        return True
