"""The set from which offence is learnt: COLD, decent talk of labour, and plants of both kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlp.training.augmentation import civic_posts
from nlp.training.tone.planting import Random, own_sentences, planted, titles_in_a_row
from nlp.training.tone.posts import (
    COLD_TEST,
    COLD_TRAIN,
    Posts,
    angry_posts,
    cold_posts,
    decent_labour_texts,
    is_aside,
    is_for_test,
    joined_posts,
    own_labour_posts,
    posts_of,
)

SEED = 7
TITLES = 5_000
TITLE_ROWS = 1_500
CIVIC_LETTERS, LABOUR_LETTERS = 900, 900
LONG_TEXT = 60
COLD_PLANTS = 3_000
OWN_PLANTS = 1_500
TEST_PLANTS = 1_500
OWN_COPIES = 4
"""Our own angry posts count so many times: they are few, and what the model is for."""


@dataclass(frozen=True, slots=True)
class OffensiveSet:
    """``learnt`` and ``aside`` share no sentence: the plants of each are made from its own texts.

    ``letters`` are long and decent, for the linear models alone: without them every further sentence would
    seem to raise the chance of abuse.
    """

    learnt: Posts
    aside: Posts
    letters: Posts


def offensive_set(data: Path) -> OffensiveSet:
    cold, labour = cold_posts(data, COLD_TRAIN), decent_labour_texts(data)
    own = set(own_labour_posts())
    # Half of our own labour posts hide abuse in the tests; nothing is planted into those here.
    labour = [text for text in labour if text not in own or not is_for_test([text])[0]]
    angry = angry_posts()
    angry = angry.kept(~is_for_test(angry.texts))
    cold_aside, labour_aside = is_aside(cold.texts), is_aside(labour)
    random = np.random.default_rng(SEED)
    decent = [text for text, aside in zip(labour, labour_aside, strict=True) if not aside]
    learnt = _part(cold.kept(~cold_aside), decent, 1.0, random)
    aside = _part(
        cold.kept(cold_aside),
        [text for text, aside in zip(labour, labour_aside, strict=True) if aside],
        float(cold_aside.mean()),
        random,
    )
    learnt = joined_posts([learnt, *([angry] * OWN_COPIES)])
    return OffensiveSet(learnt, aside, _letters(decent))


def held_out_plants(data: Path) -> tuple[list[str], list[str]]:
    """Plant the offensive and the safe posts of COLD's test part into labour posts never learnt from."""
    random = np.random.default_rng(SEED)
    hosts = [text for text in own_labour_posts() if is_for_test([text])[0]]
    cold = cold_posts(data, COLD_TEST)
    cold = cold.kept(~cold.was_seen)
    return (
        planted(hosts, _of(cold, 1), TEST_PLANTS, random),
        planted(hosts, _of(cold, 0), TEST_PLANTS, random),
    )


def _part(cold: Posts, labour: Sequence[str], size: float, random: Random) -> Posts:
    decent = [labour[place] for place in random.permutation(len(labour)).tolist()]
    rows = titles_in_a_row(decent, int(TITLE_ROWS * size), random)
    safe = [*decent[: int(TITLES * size)], *rows]
    cold_plants, own_plants = int(COLD_PLANTS * size), int(OWN_PLANTS * size)
    safe += planted(decent, _of(cold, 0), cold_plants, random)
    safe += planted(decent, own_sentences("anger", own_plants, random), own_plants, random)
    abuse = planted(decent, _of(cold, 1), cold_plants, random)
    abuse += planted(decent, own_sentences("abuse", own_plants, random), own_plants, random)
    made = posts_of([*safe, *abuse], [0] * len(safe) + [1] * len(abuse))
    return joined_posts([cold, made])


def _of(posts: Posts, label: int) -> list[str]:
    return [
        text
        for text, place in zip(posts.texts, posts.places.tolist(), strict=True)
        if place == label
    ]


def _letters(decent: Sequence[str]) -> Posts:
    """Compose letters on civic matters, and join decent posts on labour to texts as long."""
    random = np.random.default_rng(SEED)
    texts = [item.text for item in civic_posts(random, CIVIC_LETTERS)]
    posts = [text for text in decent if len(text) >= LONG_TEXT]
    texts += titles_in_a_row(posts, LABOUR_LETTERS, random)
    return posts_of(texts, [0] * len(texts))
