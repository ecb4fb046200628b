"""The encoding that a page is in, beside the one that it claims."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from crawlers.extraction.encoding import decoded
from crawlers.source import FetchedPage


@dataclass(frozen=True, slots=True)
class EncodingFinding:
    """``claimed`` is what the header or the page says; None when neither says anything."""

    real: str
    claimed: str | None

    @property
    def is_misleading(self) -> bool:
        return self.claimed is not None and not _is_within(self.claimed, self.real)


_CLAIM = re.compile(
    r"""charset\s*=\s*["']?\s*([\w.:-]{2,30})|encoding\s*=\s*["']([\w.:-]{2,30})""", re.IGNORECASE
)
_CLAIM_WITHIN = 4096
# A page that claims the smaller set is not wrong: the larger one reads it too.
_WITHIN = {("gb2312", "gb18030"), ("gbk", "gb18030"), ("ascii", "utf-8"), ("utf-8-sig", "utf-8"),
           ("big5", "big5hkscs")}  # fmt: skip


def encoding_of(page: FetchedPage) -> EncodingFinding:
    real = decoded(page.body, page.content_type)[1]
    within = page.body[:_CLAIM_WITHIN].decode("ascii", errors="replace")
    found = _CLAIM.search(page.content_type) or _CLAIM.search(within)
    return EncodingFinding(real, (found[1] or found[2]).lower() if found else None)


def _is_within(claimed: str, real: str) -> bool:
    try:
        names = (codecs.lookup(claimed).name, codecs.lookup(real).name)
    except LookupError:
        return False
    return names[0] == names[1] or names in _WITHIN
