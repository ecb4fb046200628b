"""Documents per second through the whole analysis on one core, and through jieba with a BERT-base beside it.

Both are counted in seconds of processor time, so that other programs on the machine take nothing away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from time import process_time
from typing import TypeVar

import click

from nlp.annotations import TextInput
from nlp.pipeline import default_pipeline
from tests.bench.result import Better, Goal, Result
from tests.bench.size import Size
from tests.bench.texts import posts

T = TypeVar("T")

BATCH = 64
PEER = "jieba + BERT-base, PyTorch fp32"
GOAL_RATIO = 300.0
REPEATS = 3


def run(size: Size) -> list[Result]:
    texts = list(islice(posts(), size.of(9_600, 640)))
    length = sum(map(len, texts)) / len(texts)
    ours = _documents_per_s([TextInput(post.title, post.text) for post in texts])
    return [
        Result(
            name="pipeline",
            value=ours,
            unit=f"documents of {length:.0f} characters/s on one core",
            better=Better.HIGHER,
            peer=PEER,
            peer_value=_peer_per_s([f"{p.title}。{p.text}" for p in texts[: size.of(128, 32)]]),
            goal=Goal(GOAL_RATIO, Better.HIGHER, of_ratio=True),
        )
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


def _peer_per_s(texts: Sequence[str]) -> float | None:
    try:
        from tests.bench.bert_peer import BertPeer
    except ImportError as missing:
        click.echo(f"  no peer: {missing.name} is not installed (make bench TRAIN=1)", err=True)
        return None
    peer = BertPeer()
    peer.classify(texts[: peer.batch])
    started = process_time()
    for batch in batched(texts, peer.batch):
        peer.classify(batch)
    return len(texts) / (process_time() - started)


def batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
