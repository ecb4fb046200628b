"""Trying expressions on what is there, beside counting the documents one by one."""

import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random, SystemRandom

import pytest

from core.expression import Expression, Matcher, parse, print_expression
from core.expression.syntax import And, Not, Or, disjunction, leaves, negation
from core.search import SearchDocument, SearchQuery
from core.search.tantivy_engine import TantivySearch
from core.trial import Budget, Part, Trial, TrialDraft, sample_ids, try_out
from core.trial_samples import Stretch, quotas, spread
from core.trial_terms import (
    Term,
    joined,
    lacking,
    positive_terms,
    recent_ranges,
    without,
    wording_change,
)
from tests.core.search.brute_force import Asked, is_met, random_post, random_question, typed

NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
DAY = timedelta(days=1)
SHANGHAI = timedelta(hours=8)
POSTS = 200
DRAFTS = 12
PATIENT = 1000.0


class Collected:
    """Random posts of twenty days, in an index and in memory."""

    def __init__(self, folder: Path) -> None:
        seed = int(os.environ.get("ZHISHENG_TEST_SEED") or SystemRandom().randrange(1 << 32))
        print(f"seed {seed}; repeat with ZHISHENG_TEST_SEED={seed}")  # noqa: T201 -- shown when a case fails
        self.random = Random(seed)  # noqa: S311 -- not for secrets
        self.posts = [random_post(self.random) for _ in range(POSTS)]
        self.documents = [
            SearchDocument(
                id=number,
                revision=1,
                title=post.title,
                text=post.text,
                platform=post.platform,
                reposts=post.reposts,
                relevant=self.random.choice((True, False, None)),
                polarity=self.random.choice(("negative", "neutral", "positive", None)),
                published_at=NOW - timedelta(minutes=self.random.randrange(1, 20 * 24 * 60)),
                ingested_at=NOW,
            )
            for number, post in enumerate(self.posts)
        ]
        self.search = TantivySearch(folder)
        assert self.search.index(self.documents).failures == ()
        self.search.refresh()

    def question(self) -> tuple[Asked, Expression]:
        question = random_question(self.random)
        return question, parse(typed(self.random, question))

    def hits(self, question: Asked, days: int) -> list[SearchDocument]:
        return [
            document
            for post, document in zip(self.posts, self.documents, strict=True)
            if is_met(question, post) and NOW - days * DAY <= document.published_at < NOW
        ]

    def trial(self, draft: Expression, saved: Expression | None = None, days: int = 7) -> Trial:
        return try_out(
            self.search,
            TrialDraft(draft),
            days=days,
            now=NOW,
            saved=None if saved is None else TrialDraft(saved),
            budget=Budget(PATIENT),
        )


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    return Collected(tmp_path_factory.mktemp("trial") / "index")


def ids(documents: list[SearchDocument]) -> set[int]:
    return {document.id for document in documents}


def test_random_drafts_find_what_counting_one_by_one_finds(collected: Collected) -> None:
    for _ in range(DRAFTS):
        question, draft = collected.question()
        days = collected.random.choice((1, 7, 30))
        hits = collected.hits(question, days)
        trial = collected.trial(draft, days=days)
        step = timedelta(hours=1) if days == 1 else DAY
        by_stretch = Counter(
            (document.published_at + SHANGHAI - datetime(2026, 1, 1, tzinfo=UTC)) // step
            for document in hits
        )
        counted = {
            (point.start + SHANGHAI - datetime(2026, 1, 1, tzinfo=UTC)) // step: point.total
            for point in trial.points
            if point.total
        }
        assert counted == dict(by_stretch), print_expression(draft)
        assert trial.total == len(hits)
        assert trial.relevant == sum(document.relevant is True for document in hits)
        assert trial.irrelevant == sum(document.relevant is False for document in hits)
        assert trial.unknown == sum(document.relevant is None for document in hits)
        assert trial.left_out == ()
        assert trial.everything == sum(
            NOW - days * DAY <= document.published_at for document in collected.documents
        )


def test_random_changes_add_and_remove_what_comparing_one_by_one_shows(
    collected: Collected,
) -> None:
    for _ in range(DRAFTS):
        (question, draft), (other, saved) = collected.question(), collected.question()
        now, before = ids(collected.hits(question, 30)), ids(collected.hits(other, 30))
        difference = collected.trial(draft, saved, days=30).difference
        assert difference is not None
        assert difference.saved_total == len(before)
        assert difference.added.total == len(now - before), print_expression(draft)
        assert difference.removed.total == len(before - now), print_expression(saved)
        assert set(difference.added.ids) <= now - before
        assert set(difference.removed.ids) <= before - now
        assert len(difference.added.ids) == min(5, len(now - before))
        irrelevant = [collected.documents[id_].relevant is False for id_ in now - before]
        assert difference.added.irrelevant == sum(irrelevant)


def test_samples_are_hits_of_many_days_and_newest_first_within_a_day(collected: Collected) -> None:
    trial = collected.trial(parse("NOT 找不到的词"), days=7)
    shown = [collected.documents[id_] for id_ in sample_ids(trial.samples)]
    days = Counter((document.published_at + SHANGHAI).date() for document in shown)
    assert len(days) == len([point for point in trial.points if point.total])
    assert sum(entry.wanted for entry in trial.samples) == min(20, trial.total)
    for entry in trial.samples:
        times = [collected.documents[id_].published_at for id_ in entry.ids]
        assert times == sorted(times, reverse=True)


@lru_cache(maxsize=64)
def matcher(expression: Expression) -> Matcher:
    return Matcher({1: expression})


def holds(expression: Expression, document: SearchDocument) -> bool:
    return bool(matcher(expression).match(document, now=NOW))


def holds_without(expression: Expression, term: Term, document: SearchDocument) -> bool:
    """Say whether the document would be a hit if the term never occurred where it is asked for."""
    match expression:
        case And(operands):
            return all(holds_without(part, term, document) for part in operands)
        case Or(operands):
            return any(holds_without(part, term, document) for part in operands)
        case Not():
            return holds(expression, document)
        case _ if expression == term.leaf:
            return term.rest is not None and holds(term.rest, document)
        case _:
            return holds(expression, document)


def test_noise_of_random_drafts_is_what_leaving_out_the_term_changes(collected: Collected) -> None:
    compared = 0
    for _ in range(DRAFTS // 2):
        question, draft = collected.question()
        hits = collected.hits(question, 30)
        for noise in collected.trial(draft, days=30).terms:
            term = noise.term
            holding = [document for document in hits if holds(term.contained, document)]
            only = [document for document in hits if not holds_without(draft, term, document)]
            wanted = (len(holding), len(only))
            assert (noise.hits, noise.only) == wanted, (print_expression(draft), term)
            assert noise.irrelevant == sum(document.relevant is False for document in holding)
            assert noise.only_irrelevant == sum(document.relevant is False for document in only)
            compared += 1
    assert compared > DRAFTS // 8


@pytest.mark.parametrize(
    ("text", "shown", "rest"),
    [
        ("欠薪 OR 讨薪", "欠薪", "讨薪"),
        ("(欠薪 OR 讨薪) 工地 -招聘", "讨薪", "欠薪 AND 工地 AND NOT 招聘"),
        ("(欠薪 OR 讨薪) 工地", "工地", None),
        ("欠薪 OR (工地 包工头)", "工地", "欠薪"),
        ("欠薪", "欠薪", None),
        ("(工资 OR 薪水) NEAR/5 拖欠", "薪水", "工资 NEAR/5 拖欠"),
        ("(工资 OR 薪水) NEAR/5 拖欠", "(工资 OR 薪水) NEAR/5 拖欠", None),
        ("工资 OR 薪水 OR NOT (社保 工资)", "工资", "薪水 OR NOT (社保 AND 工资)"),
        ('"讨*说法" OR {欠薪}', "{欠薪}", '"讨*说法"'),
    ],
)
def test_a_draft_without_a_term_reads_as_a_person_would_write_it(
    text: str, shown: str, rest: str | None
) -> None:
    groups = {"欠薪": ["欠薪", "拖欠工资"]}
    draft = parse(text, groups=groups)
    terms = {print_expression(term.shown): term for term in positive_terms(draft)}
    left = without(draft, terms[shown])
    assert (None if left is None else print_expression(left)) == rest
    if left is not None:
        assert parse(print_expression(left), groups=groups) == left


def test_excluded_words_and_conditions_are_no_terms() -> None:
    draft = parse("欠薪 -(招聘 OR 培训) 平台:微博 转发>5 时间:24h")
    assert [print_expression(term.shown) for term in positive_terms(draft)] == ["欠薪"]
    assert len(recent_ranges(draft)) == 1
    assert len(list(leaves(draft))) == 6


def test_wording_says_what_came_and_what_went() -> None:
    change = wording_change(parse("欠薪 -招聘"), parse("(欠薪 OR 讨薪) -培训"))
    assert [print_expression(leaf) for leaf in change.added] == ["讨薪"]
    assert change.removed == ()
    assert [print_expression(leaf) for leaf in change.newly_excluded] == ["培训"]
    assert [print_expression(leaf) for leaf in change.no_longer_excluded] == ["招聘"]
    assert wording_change(parse("a b"), parse("a OR b")).is_empty


@pytest.mark.parametrize(
    ("totals", "wanted", "stretches", "shares"),
    [
        ([0, 3, 0, 50], 5, 9, [0, 2, 0, 3]),
        ([1, 1, 50], 10, 9, [1, 1, 8]),
        ([2, 1], 20, 9, [2, 1]),
        ([9] * 5, 3, 3, [1, 0, 1, 0, 1]),
        ([9] * 5, 6, 2, [3, 0, 0, 0, 3]),
        ([9] * 5, 6, 1, [0, 0, 0, 0, 6]),
        ([0, 0], 4, 3, [0, 0]),
    ],
)
def test_samples_are_shared_out_among_the_days(
    totals: list[int], wanted: int, stretches: int, shares: list[int]
) -> None:
    assert quotas(totals, wanted, stretches=stretches) == shares


def test_samples_beyond_the_listed_hits_are_asked_for_by_the_day(collected: Collected) -> None:
    query = SearchQuery(since=NOW - 20 * DAY, until=NOW, now=NOW)
    trial = collected.trial(parse("NOT 找不到的词"), days=20)
    edges = [max(point.start, NOW - 20 * DAY) for point in trial.points] + [NOW]
    stretches = [
        Stretch(since, until, point.total)
        for since, until, point in zip(edges, edges[1:], trial.points, strict=False)
    ]
    listed = collected.search.search(replace(query, limit=1000)).ids
    both = [
        spread(collected.search, query, stretches, newest, wanted=20, questions=40)
        for newest in (listed, listed[:30], ())
    ]
    assert both[0] == both[1] == both[2]
    assert len(both[0]) == 20


def test_edits_add_and_remove_what_comparing_one_by_one_shows(collected: Collected) -> None:
    for _ in range(DRAFTS // 2):
        _, saved = collected.question()
        _, other = collected.question()
        for draft in (
            joined(saved, other),
            joined(saved, negation(other)),
            disjunction((saved, other)),
            *(without(saved, term) for term in positive_terms(saved)[:1]),
        ):
            if draft is None:
                continue
            difference = collected.trial(draft, saved, days=30).difference
            assert difference is not None
            now = {document.id for document in collected.documents if holds(draft, document)}
            before = {document.id for document in collected.documents if holds(saved, document)}
            texts = (print_expression(draft), print_expression(saved))
            assert difference.added.total == len(now - before), texts
            assert difference.removed.total == len(before - now), texts


@pytest.mark.parametrize(
    ("has", "lacks", "asked"),
    [
        ("欠薪 工地 -招聘", "欠薪 工地", None),
        ("欠薪 工地", "欠薪 工地 -招聘", "欠薪 AND 工地 AND 招聘"),
        ("(欠薪 OR 讨薪) 工地", "欠薪 工地", "讨薪 AND 工地 AND NOT 欠薪"),
        ("欠薪 OR 讨薪", "欠薪 OR 讨薪 OR 停工", None),
        ("欠薪 OR 讨薪", "欠薪 OR 停工", "讨薪 AND NOT (欠薪 OR 停工)"),
        ("欠薪", "讨薪 停工", "欠薪 AND NOT (讨薪 AND 停工)"),
    ],
)
def test_change_is_asked_for_without_what_follows_from_it(
    has: str, lacks: str, asked: str | None
) -> None:
    expression = lacking(parse(has), parse(lacks))
    assert (None if expression is None else print_expression(expression)) == asked


class Ticking:
    """A clock that goes on by a step whenever somebody looks at it."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_slow_engine_leaves_out_parts_and_names_them(collected: Collected) -> None:
    trial = try_out(
        collected.search,
        TrialDraft(parse("欠薪 OR 工资")),
        days=7,
        now=NOW,
        saved=TrialDraft(parse("欠薪")),
        budget=Budget(5.5, tick=Ticking(1)),
    )
    assert trial.total > 0
    assert trial.samples != ()
    assert trial.relevant is not None
    assert (trial.difference, trial.before, trial.terms) == (None, None, ())
    assert trial.left_out == (Part.DIFFERENCE, Part.COMPARISON, Part.TERMS)


def test_fewer_words_are_compared_when_questions_take_long(collected: Collected) -> None:
    trial = try_out(
        collected.search,
        TrialDraft(parse("欠薪 OR 工资 OR 欠 OR 工 OR 薪 OR 资")),
        days=20,
        now=NOW,
        budget=Budget(17, tick=Ticking(1)),
    )
    assert 0 < len(trial.terms) < 6
    assert trial.terms_left == 6 - len(trial.terms)
    assert trial.left_out == (Part.TERMS,)


def test_same_version_has_no_difference_and_asks_nothing(collected: Collected) -> None:
    draft = parse("欠薪 OR 工资")
    difference = collected.trial(draft, draft).difference
    assert difference is not None
    assert (difference.added.total, difference.removed.total) == (0, 0)
    assert difference.wording.is_empty


def test_scope_bounds_what_is_found_and_what_is_noise(collected: Collected) -> None:
    draft = TrialDraft(parse("欠薪 OR 工资"), scope=parse("平台:weibo"))
    trial = try_out(collected.search, draft, days=30, now=NOW, budget=Budget(PATIENT))
    hits = [
        document
        for document in collected.documents
        if holds(parse("(欠薪 OR 工资) 平台:weibo"), document)
    ]
    assert trial.total == len(hits)
    assert all(noise.hits <= len(hits) for noise in trial.terms)
