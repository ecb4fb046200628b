"""Refuses requests that were addressed to a name which is not ours.

A page of another site may point its own name at our address (DNS rebinding) and would then be same-origin
with the console. Such a request always carries a foreign name; a number cannot be rebound.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import abort, request

from webui.console import console


def check_host() -> None:
    """Let pass our public name, localhost and plain addresses."""
    name = _name(request.host)
    ours = urlsplit(console().settings.public_url).hostname or ""
    if name in {ours.lower(), "localhost"} or _is_address(name):
        return
    abort(
        400,
        f"这个地址里的主机名不是本系统的，没有执行任何操作。请用 {console().settings.public_url} 打开。",
    )


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
