"""What may be said of a URL in logs and messages: where it goes, never the secrets in it."""

import re
from urllib.parse import parse_qsl, urlsplit

# Robots of WeCom, DingTalk, Feishu and Slack carry their secret in the query or in the path.
_SECRET_SEGMENT = re.compile(r"(?=[^/]*\d)[A-Za-z0-9_\-]{20,}")
_AFTER_HOOK = re.compile(r"(?i)(/(?:hook|hooks|webhook|robot|bot|send)/)([^/?#]+)(.*)")


def redacted_url(url: str) -> str:
    """Keep scheme, host, port, path and the names of parameters; hide every value and token."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "（无法解析的地址）"
    place = parts.hostname or ""
    if ":" in place:
        place = f"[{place}]"
    if port is not None:
        place = f"{place}:{port}"
    path = _AFTER_HOOK.sub(_hidden_hook, parts.path)
    path = _SECRET_SEGMENT.sub("***", path)
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    query = "?" + "&".join(f"{name}=***" for name in names) if names else ""
    return f"{parts.scheme}://{place}{path}{query}"


def _hidden_hook(found: re.Match[str]) -> str:
    return found[1] + "***"
