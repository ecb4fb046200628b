"""The causes of failed visits as the coverage ledger counts them, in a few Chinese words each."""

from collections.abc import Mapping

CAUSE_LABELS: Mapping[str, str] = {
    "unreachable": "连不上网站",
    "unresolved": "域名解析不出来",
    "timeout": "网站答得太慢",
    "incomplete": "连接中途断开",
    "certificate": "安全证书有问题",
    "gone": "页面不存在",
    "forbidden": "网站不允许访问",
    "busy": "网站要求放慢",
    "server_error": "网站自身出错",
    "refused": "网站没有给出页面",
    "redirects": "网址转来转去",
    "robots": "robots.txt 不允许",
    "robots_unavailable": "robots.txt 取不到",
    "too_large": "页面太大",
    "bomb": "压缩炸弹",
    "address": "地址不可访问",
    "unreadable": "页面读不懂",
    "resting": "网站暂停访问中",
    "waiting": "排队等候",
    "browser_missing": "缺少浏览器",
    "key": "密钥用不了",
    "internal": "采集程序出错",
}


def cause_label(cause: str) -> str:
    return CAUSE_LABELS.get(cause, cause)
