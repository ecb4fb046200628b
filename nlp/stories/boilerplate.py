"""Lines that whoever reprints a text adds to it: where it comes from, who edited it, disclaimers, adverts."""

from __future__ import annotations

import re

_SIGN = re.compile(
    r"(?:转自|转载|来源|稿源|原标题|原文|原创|编辑|责编|编审|记者|通讯员|校对|审核|监制|版权|侵权|免责|声明|本文|本网|"
    r"公众号|关注我们|点击|扫码|二维码|阅读原文|下载|打开app|举报|反馈|更多精彩|投稿|联系我们)"
)
_ADDED = re.compile(
    r"^[\s【（(\[]*(?:本文)?(?:转自|转载自?|来源|稿源|信息来源|新闻来源|原标题|原文链接|(?:责任|值班|本期)?编辑|责编|编审|"
    r"(?:本报|实习)?记者|通讯员|校对|审核|监制)(?:\s*[:：】\s]|[\u4e00-\u9fff]{0,6}$)"
    r"|版权归|如有侵权|免责声明|仅代表作者|与本(?:网|站|平台|号)无关|未经本(?:网|站)|仅作参考|"
    r"自行核实|关注我们|公众号|阅读原文|打开app|举报[/／]?反馈|更多精彩|点击(?:下方|上方|蓝字|阅读|查看)|扫码|二维码"
)
_PIECE = re.compile(r"[^。！？!?\n（）()【】]+[。！？!?\n（）()【】]*")
_LONGEST_PIECE = 120
_LEAST_LEFT = 12


def without_boilerplate(text: str) -> str:
    """Leave out what a reprint adds; a text that would hardly leave anything stays as it is."""
    if _SIGN.search(text) is None:
        return text
    kept = [
        piece.group()
        for piece in _PIECE.finditer(text)
        if len(piece.group()) > _LONGEST_PIECE or _ADDED.search(piece.group()) is None
    ]
    left = "".join(kept)
    return left if len(left) >= _LEAST_LEFT else text
