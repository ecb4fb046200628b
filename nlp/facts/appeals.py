"""The sentence in which a writer says what is wanted."""

from __future__ import annotations

import re

_APPEAL = re.compile(
    r"希望|恳请|恳求|请求|强烈要求|诉求|盼望?(?:解决|回复|答复|处理|重视|领导)|望(?:相关|有关|领导|政府|部门|上级|能|尽快|给予|解决|回复)|求助|求(?:大家|帮|各位|领导|政府|好心|关注|扩散|解决|回复)"
    r"|请(?:领导|政府|有关|相关|上级|部门|各级|市|区|县|省|人社|劳动|尽快|帮|求|给予|予以|为我们|替|问.{0,12}(?:解决|处理))|要求(?:公司|单位|厂|老板|补发|支付|给|尽快|严惩|查处|赔|发|结|还|解决|政府|有关|相关|退|对方|企业)|建议|呼吁|还我|还我们|帮(?:我|帮|忙)"
)
_OF_OTHERS = re.compile(
    r"(?:公司|老板|单位|领导|厂里|企业|他们?)(?:还|又|都|就)?(?:要求|希望|建议)"
)
_SENTENCE = re.compile(r"[^。!?;\n]+[。!?;]?")
_STRONG = re.compile(
    r"解决|处理|支付|发放|补发|重视|查处|介入|答复|回复|还我|血汗钱|帮|维护|讨回|结清|调查|监管|严查|说法|退还|赔偿|落实|整改"
)
_LONGEST = 120
_SHORTEST = 4


def appeal(text: str, original: str) -> str | None:
    """Choose the last sentence that asks for an answer or a deed, else the last that asks."""
    if not _APPEAL.search(text):
        return None
    chosen: tuple[int, int] | None = None
    is_strong = False
    for sentence in _SENTENCE.finditer(text):
        said = sentence[0]
        if not _APPEAL.search(said) or _OF_OTHERS.search(said) or len(said.strip()) < _SHORTEST:
            continue
        strong = bool(_STRONG.search(said))
        if strong or not is_strong:
            chosen, is_strong = sentence.span(), strong
    if chosen is None:
        return None
    return _cut(original[chosen[0] : chosen[1]].strip(), text[chosen[0] : chosen[1]].strip())


def _cut(said: str, folded: str) -> str:
    if len(said) <= _LONGEST:
        return said
    match = _APPEAL.search(folded)
    start = match.start() if match else 0
    return said[start : start + _LONGEST]
