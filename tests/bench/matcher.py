"""What ten thousand live rules cost for each post, beside every rule by itself and beside the analysis.

All is counted in processor time of one core, so that other programs on the machine take little away.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from time import process_time

import numpy as np

from core.expression import Expression, MatchDocument, Matcher, parse
from nlp.annotations import TextInput
from nlp.pipeline import default_pipeline
from tests.bench.live_rules import RuleWriter
from tests.bench.naive_rules import NaiveRules
from tests.bench.result import Better, Goal, Result
from tests.bench.size import Size
from tests.bench.texts import UNTIL, Post, posts

SEED = 5
REPEATS = 5
BATCH = 64
BASE_GOAL_US = 40.0
EACH_GOAL_US = 3.0
SHARE_OF_ANALYSIS = 0.1
EDIT_GOAL_S = 0.5
BY_ITSELF = "every rule by itself"


def run(size: Size) -> list[Result]:
    written = list(islice(posts(seed=SEED), size.of(3_000, 60)))
    documents = _documents(written)
    rules, broad = _rules(size)
    matcher = Matcher(rules)
    each = _us(matcher.match, documents)
    matched = sum(len(matcher.match(document, now=UNTIL)) for document in documents)
    naive = NaiveRules(rules)
    few = documents[: size.of(60, 5)]
    _compare(matcher, naive, few)
    base, slope = _fit(Matcher({**rules, **broad}), documents)
    unit = (
        f"µs a post of {sum(map(len, written)) / len(written):.0f} characters, {len(rules)} rules"
    )
    return [
        Result(
            name="matcher",
            value=each,
            unit=f"{unit}, {matched / len(documents):.2f} matched",
            better=Better.LOWER,
            peer=BY_ITSELF,
            peer_value=_us(lambda document, now: naive.match(document), few),  # noqa: ARG005
            goal=Goal(BASE_GOAL_US + EACH_GOAL_US * matched / len(documents), Better.LOWER),
        ),
        Result(
            name="matcher_beside_analysis",
            value=each,
            unit=unit,
            better=Better.LOWER,
            peer="the analysis of the same posts",
            peer_value=_analysis_us(written[: size.of(1_280, 64)]),
            goal=Goal(1 / SHARE_OF_ANALYSIS, Better.HIGHER, of_ratio=True),
        ),
        Result(
            name="matcher_of_100_rules",
            value=_us(Matcher(dict(islice(rules.items(), 100))).match, documents),
            unit="µs a post, 100 rules",
            better=Better.LOWER,
        ),
        Result(
            name="matcher_without_matches",
            value=base,
            unit=f"{unit}, fitted",
            better=Better.LOWER,
            goal=Goal(BASE_GOAL_US, Better.LOWER),
        ),
        Result(
            name="matcher_each_match",
            value=slope,
            unit="µs more for each matched rule with its spans, fitted",
            better=Better.LOWER,
            goal=Goal(EACH_GOAL_US, Better.LOWER),
        ),
        *_building(rules, size),
    ]


def _rules(size: Size) -> tuple[dict[int, Expression], dict[int, Expression]]:
    """Give rules as they are, and as many more that ordinary posts meet as make for dozens of matches."""
    known = [f"{post.title}。{post.text}" for post in islice(posts(seed=SEED + 1), 3_000)]
    writer = RuleWriter(known, SEED)
    number = size.of(10_000, 300)
    rules = {key: parse(text) for key, text in enumerate(writer.texts(number))}
    broad = {
        number + key: parse(text) for key, text in enumerate(writer.broad(size.of(1_500, 100)))
    }
    return rules, broad


def _documents(written: Sequence[Post]) -> list[MatchDocument]:
    chance = random.Random(SEED)  # noqa: S311 (invented posts, no secret)
    return [
        MatchDocument(
            title=post.title,
            text=post.text,
            published_at=UNTIL - dt.timedelta(minutes=chance.randint(0, 9_000)),
            platform=chance.choice(("微博", "微信公众号", "论坛", "新闻网站")),
            source_id=chance.randint(1, 300),
            source_name="河湾论坛",
            level="public",
            regions=("320100", "320000"),
            topics=("wage_arrears",),
            polarity=chance.choice(("negative", "neutral", "positive")),
            relevant=chance.random() < 0.6,
            our_union=False,
            comments=chance.choice((None, 0, 12, 80)),
        )
        for post in written
    ]


def _us(match: Callable[..., object], documents: Sequence[MatchDocument]) -> float:
    """Give the best of several runs, per document: what others take from the caches is not ours."""
    taken = []
    for _ in range(REPEATS):
        started = process_time()
        for document in documents:
            match(document, now=UNTIL)
        taken.append(process_time() - started)
    return min(taken) / len(documents) * 1e6


def _compare(matcher: Matcher, naive: NaiveRules, documents: Sequence[MatchDocument]) -> None:
    for document in documents:
        found = [match.key for match in matcher.match(document, now=UNTIL)]
        if found != naive.match(document):
            raise AssertionError(f"the two ways disagree on {document.text}")


def _fit(matcher: Matcher, documents: Sequence[MatchDocument]) -> tuple[float, float]:
    """Fit a line through the costs of posts with ever more matches: microseconds without, and for each."""
    counted = [(len(matcher.match(document, now=UNTIL)), document) for document in documents]
    counted.sort(key=lambda pair: pair[0])
    step = max(1, len(counted) // 10)
    groups = [counted[at : at + step] for at in range(0, len(counted), step)]
    matches = [sum(number for number, _ in group) / len(group) for group in groups]
    costs = [_us(matcher.match, [document for _, document in group]) for group in groups]
    slope, base = np.polyfit(matches, costs, 1)
    return float(base), float(slope)


def _analysis_us(written: Sequence[Post]) -> float:
    pipeline = default_pipeline()
    texts = [TextInput(post.title, post.text) for post in written]
    pipeline.analyse(texts[:BATCH])
    started = process_time()
    for at in range(0, len(texts), BATCH):
        pipeline.analyse(texts[at : at + BATCH])
    return (process_time() - started) / len(texts) * 1e6


def _building(rules: Mapping[int, Expression], size: Size) -> list[Result]:
    texts = list(RuleWriter(["欠薪工地欠薪工地"], SEED).texts(size.of(10_000, 300)))
    started = process_time()
    Matcher({key: parse(text) for key, text in enumerate(texts)})
    whole = process_time() - started
    former = Matcher(rules)
    started = process_time()
    Matcher({**rules, 0: parse("一条新写的规则 新词")}, former=former)
    edited = process_time() - started
    return [
        Result(
            name="rules_edited",
            value=edited,
            unit=f"s for one rule of {len(rules)}, read and swapped in",
            better=Better.LOWER,
            peer="all of them read anew",
            peer_value=whole,
            goal=Goal(EDIT_GOAL_S, Better.LOWER),
        )
    ]
