"""Hotness of an event: log-scaled, normalised per platform, decayed with time, with an interval.

Each document i on platform p counts ``d_i * g_i`` at the instant t:

    d_i = 2 ** (-(hours from publication to t) / 24)
    g_i = 1/2 + 1/2 * weighted mean over known measures m of ln(1 + x_im) / usual_pm   (1 where none is known)
    X   = sum over documents of d_i * g_i / (E * (usual documents of p per day + 10)),  E = 1 day / ln 2
    hotness = 100 * ln(1 + X / 0.01) / ln(1 + 1 / 0.01)

E is the time over which the decay has spread the counting, so X = 1 is an event that for days brings about as much as
all of a platform's usual labour documents; that is 100, and the scale is open above.

The interval treats the documents as a weighted Poisson count: the sum has the variance of a Poisson count of
``k = (sum c)**2 / sum c**2`` events of equal weight (Bohm and Zech, Nucl. Instrum. Methods A 748, 2014), whose rate has
the posterior Gamma(k + 1/2) under Jeffreys' prior. Its 10 % and 90 % quantiles, put through the formula, are the band.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nlp.distributions import gamma_quantile

HALF_LIFE = dt.timedelta(hours=24)
HORIZON = dt.timedelta(days=14)
COMPARED_WITH = dt.timedelta(hours=24)
BAND = 0.8
SMALLEST_SHARE = 0.01
DOCUMENTS_ADDED = 10.0
LEAST_USUAL_LOG = 1.0
MEASURES = ("views", "reposts", "comments", "likes")
MEASURE_WEIGHTS = {"views": 0.2, "reposts": 0.4, "comments": 0.4, "likes": 0.2}
FACTOR_OF_UNKNOWN = 1.0

FORMULA = (
    "热度 = 100 × ln(1 + X ÷ 0.01) ÷ ln(101)",
    "X = 各平台之和：Σ（衰减 × 影响）÷［1.44 天 ×（该平台平日每天篇数 + 10）］",
    "衰减 = 2 的 −（发布至今小时数 ÷ 24）次方",
    "影响 = ½ + ½ × 各项互动 ln(1 + 次数) ÷ 该平台平日均值 的加权平均；一项都不知道时影响 = 1",
    "区间 = 把篇数看作加权泊松计数，取 Gamma(k + ½) 的 10% 和 90% 分位，k =（Σc）² ÷ Σc²",
)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number of the formula with where it comes from, for the page."""

    name: str
    value: str
    source: str


CONSTANTS = (
    Constant("半衰期", "24 小时", "热搜标题 58.8 万条（2020-11 至 2026-08）中 84.6% 只在榜一天"),
    Constant("满分参照", "X = 1", "本系统约定：相当于一个平台平日全部涉工内容的量为 100，上不封顶"),
    Constant("起算份额", "0.01", "本系统约定：平日量的百分之一起有明显读数"),
    Constant("平日量加数", "10 篇/天", "本系统约定：平台平日很少有内容时，一两篇不至于顶满"),
    Constant(
        "互动权重",
        "转发 0.4、评论 0.4、点赞 0.2、阅读 0.2",
        "前三项同微博传播指数 BCI 的活跃度权重；阅读量各平台口径不一，与点赞相同；只按已知项折算",
    ),
    Constant("篇数与互动", "各半", "本系统约定：刚发布、还没有互动的内容也算一半"),
    Constant("区间", "80%", "Bohm、Zech 2014 加权泊松近似，Jeffreys 先验"),
)


@dataclass(frozen=True, slots=True)
class Mention:
    """One document of an event; numbers that are not known are None."""

    platform: str
    published_at: dt.datetime
    views: int | None = None
    reposts: int | None = None
    comments: int | None = None
    likes: int | None = None


@dataclass(frozen=True, slots=True)
class PlatformNorm:
    """What is usual on a platform: labour documents a day, and the mean of ln(1 + x) of each measure."""

    documents_per_day: float
    views: float | None = None
    reposts: float | None = None
    comments: float | None = None
    likes: float | None = None


Norms: TypeAlias = Mapping[str, PlatformNorm]


@dataclass(frozen=True, slots=True)
class PlatformPart:
    """One platform's inputs and its part of X; sums of measures are None where no document has them.

    ``decayed`` is the sum of the decay weights, ``decay`` their mean, ``resonance`` the mean factor g.
    """

    platform: str
    documents: int
    decayed: float
    decay: float
    resonance: float
    usual_per_day: float
    share: float
    share_of_all: float
    views: int | None
    reposts: int | None
    comments: int | None
    likes: int | None


@dataclass(frozen=True, slots=True)
class Hotness:
    """``low`` and ``high`` bound 80 %; ``change`` is in points against the instant ``before_at``.

    The change is clear where the two bands do not touch. Measures known today also stand in for the earlier
    instant, since most platforms show only the present number.
    """

    at: dt.datetime
    value: float
    low: float
    high: float
    change: float
    change_is_clear: bool
    before_at: dt.datetime
    before: float
    share: float
    parts: tuple[PlatformPart, ...]

    def to_json(self) -> dict[str, object]:
        """Give plain numbers for storing beside the event and for the page."""
        return {
            "at": self.at.isoformat(),
            "value": round(self.value, 1),
            "low": round(self.low, 1),
            "high": round(self.high, 1),
            "change": round(self.change, 1),
            "change_is_clear": self.change_is_clear,
            "before_at": self.before_at.isoformat(),
            "before": round(self.before, 1),
            "share": round(self.share, 5),
            "parts": [_part_json(part) for part in self.parts],
        }


def hotness(
    mentions: Sequence[Mention],
    norms: Norms,
    at: dt.datetime,
    *,
    compared_with: dt.timedelta = COMPARED_WITH,
) -> Hotness:
    """Measure an event at ``at``; the order of the mentions does not matter.

    Mentions published after ``at`` or more than 14 days before it are left out. A platform without a norm
    counts as one whose usual volume is nothing.
    """
    now = _Measured(mentions, norms, at)
    before_at = at - compared_with
    before = _Measured(mentions, norms, before_at)
    return Hotness(
        at=at,
        value=now.value,
        low=now.low,
        high=now.high,
        change=now.value - before.value,
        change_is_clear=now.low > before.high or now.high < before.low,
        before_at=before_at,
        before=before.value,
        share=now.share,
        parts=now.parts(),
    )


def platform_norms(mentions: Sequence[Mention], days: float) -> dict[str, PlatformNorm]:
    """Take the norms from all labour documents of the last ``days``; 28 days are advised."""
    found: dict[str, list[Mention]] = defaultdict(list)
    for mention in mentions:
        found[mention.platform].append(mention)
    return {
        platform: PlatformNorm(
            len(listed) / days, *(_mean_log(listed, measure) for measure in MEASURES)
        )
        for platform, listed in sorted(found.items())
    }


def scaled(share: float) -> float:
    """Turn the share X into points."""
    return 100 * math.log1p(share / SMALLEST_SHARE) / math.log1p(1 / SMALLEST_SHARE)


class _Measured:
    """One instant: the weight of every mention, its total and the band around it."""

    def __init__(self, mentions: Sequence[Mention], norms: Norms, at: dt.datetime) -> None:
        self._norms = norms
        self._rows: dict[str, list[tuple[Mention, float, float]]] = defaultdict(list)
        for mention in mentions:
            age = at - mention.published_at
            if dt.timedelta(0) <= age <= HORIZON:
                factor = _factor(mention, norms.get(mention.platform))
                decay = 0.5 ** (age / HALF_LIFE)
                self._rows[mention.platform].append((mention, decay, factor))
        # Sums are exact, so that the order in which mentions come cannot show in the last digit.
        weights = [
            decay * factor * self._scale(platform)
            for platform, rows in self._rows.items()
            for _, decay, factor in rows
        ]
        self.share = math.fsum(weights)
        squares = math.fsum(weight * weight for weight in weights)
        self.value = scaled(self.share)
        self.low, self.high = self._band(squares)

    def _band(self, squares: float) -> tuple[float, float]:
        if squares <= 0.0:
            return 0.0, 0.0
        unit = squares / self.share
        shape = self.share / unit + 0.5
        tail = (1 - BAND) / 2
        low = scaled(gamma_quantile(shape, tail) * unit)
        high = scaled(gamma_quantile(shape, 1 - tail) * unit)
        return min(low, self.value), max(high, self.value)

    def _scale(self, platform: str) -> float:
        days = HALF_LIFE / dt.timedelta(days=1) / math.log(2)
        return 1 / (days * (self._usual(platform) + DOCUMENTS_ADDED))

    def _usual(self, platform: str) -> float:
        norm = self._norms.get(platform)
        return norm.documents_per_day if norm else 0.0

    def parts(self) -> tuple[PlatformPart, ...]:
        """List the platforms, the one that adds most first."""
        listed = [self._part(platform) for platform in sorted(self._rows)]
        return tuple(sorted(listed, key=lambda part: -part.share))

    def _part(self, platform: str) -> PlatformPart:
        rows = self._rows[platform]
        decayed = math.fsum(decay for _, decay, _ in rows)
        share = math.fsum(decay * factor for _, decay, factor in rows) * self._scale(platform)
        mentions = [mention for mention, _, _ in rows]
        return PlatformPart(
            platform,
            documents=len(rows),
            decayed=decayed,
            decay=decayed / len(rows),
            resonance=math.fsum(factor for _, _, factor in rows) / len(rows),
            usual_per_day=self._usual(platform),
            share=share,
            share_of_all=share / self.share if self.share else 0.0,
            views=_total(mentions, "views"),
            reposts=_total(mentions, "reposts"),
            comments=_total(mentions, "comments"),
            likes=_total(mentions, "likes"),
        )


def _factor(mention: Mention, norm: PlatformNorm | None) -> float:
    """Weigh one document against what is usual on its platform; what is unknown counts as usual."""
    weighted = total = 0.0
    for measure in MEASURES:
        number = _number(mention, measure)
        usual = _usual_log(norm, measure)
        if number is not None and usual is not None:
            weight = MEASURE_WEIGHTS[measure]
            weighted += weight * math.log1p(max(number, 0)) / max(usual, LEAST_USUAL_LOG)
            total += weight
    return FACTOR_OF_UNKNOWN if total == 0.0 else 0.5 + 0.5 * weighted / total


def _number(mention: Mention, measure: str) -> int | None:
    found: int | None = getattr(mention, measure)
    return found


def _usual_log(norm: PlatformNorm | None, measure: str) -> float | None:
    found: float | None = getattr(norm, measure, None)
    return found


def _mean_log(mentions: Sequence[Mention], measure: str) -> float | None:
    known = [_number(mention, measure) for mention in mentions]
    logs = [math.log1p(max(number, 0)) for number in known if number is not None]
    return math.fsum(logs) / len(logs) if logs else None


def _total(mentions: Sequence[Mention], measure: str) -> int | None:
    known = [_number(mention, measure) for mention in mentions]
    numbers = [number for number in known if number is not None]
    return sum(numbers) if numbers else None


def _part_json(part: PlatformPart) -> dict[str, object]:
    return {
        "platform": part.platform,
        "documents": part.documents,
        "decayed": round(part.decayed, 3),
        "decay": round(part.decay, 3),
        "resonance": round(part.resonance, 3),
        "usual_per_day": round(part.usual_per_day, 2),
        "share": round(part.share, 5),
        "share_of_all": round(part.share_of_all, 3),
        "views": part.views,
        "reposts": part.reposts,
        "comments": part.comments,
        "likes": part.likes,
    }
