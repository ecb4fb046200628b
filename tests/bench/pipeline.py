"""Documents per second through the whole analysis on one core, beside jieba with a BERT-base or with SnowNLP.

All are counted in seconds of processor time, so that other programs on the machine take nothing away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from time import process_time
from typing import Protocol, TypeVar

import click

from nlp.annotations import TextInput
from nlp.pipeline import default_pipeline
from tests.bench.result import Better, Goal, Result
from tests.bench.sentiment_peer import SentimentPeer
from tests.bench.size import Size
from tests.bench.texts import posts

T = TypeVar("T")

BATCH = 64
GOAL_BESIDE_BERT = 300.0
GOAL_BESIDE_SENTIMENT = 20.0
REPEATS = 3


class Peer(Protocol):
    batch: int

    def classify(self, texts: Sequence[str]) -> Sequence[float]: ...


def run(size: Size) -> list[Result]:
    texts = list(islice(posts(), size.of(9_600, 640)))
    length = sum(map(len, texts)) / len(texts)
    ours = _documents_per_s([TextInput(post.title, post.text) for post in texts])
    joined = [f"{post.title}。{post.text}" for post in texts[: size.of(128, 32)]]
    peers = (
        ("pipeline", "jieba + BERT-base, PyTorch fp32", _bert_peer(), GOAL_BESIDE_BERT),
        ("pipeline_sentiment", "jieba + SnowNLP", SentimentPeer(), GOAL_BESIDE_SENTIMENT),
    )
    return [
        Result(
            name=name,
            value=ours,
            unit=f"documents of {length:.0f} characters/s on one core",
            better=Better.HIGHER,
            peer=described,
            peer_value=None if peer is None else _peer_per_s(peer, joined),
            goal=Goal(goal, Better.HIGHER, of_ratio=True),
        )
        for name, described, peer, goal in peers
    ]


def _documents_per_s(texts: Sequence[TextInput]) -> float:
    """Give the middle of several runs; models are loaded before."""
    pipeline = default_pipeline()
    batches = list(batched(texts, BATCH))
    pipeline.analyse(batches[0])
    rates = []
    for _ in range(REPEATS):
        started = process_time()
        for batch in batches:
            pipeline.analyse(batch)
        rates.append(len(texts) / (process_time() - started))
    return sorted(rates)[REPEATS // 2]


def _bert_peer() -> Peer | None:
    try:
        from tests.bench.bert_peer import BertPeer
    except ImportError as missing:
        click.echo(f"  no peer: {missing.name} is not installed (make bench TRAIN=1)", err=True)
        return None
    return BertPeer()


def _peer_per_s(peer: Peer, texts: Sequence[str]) -> float:
    peer.classify(texts[: peer.batch])
    started = process_time()
    for batch in batched(texts, peer.batch):
        peer.classify(batch)
    return len(texts) / (process_time() - started)


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
