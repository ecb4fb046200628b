"""Petitions and hot-search titles as people wrote them, through the whole chain from file to alert."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from alerting.engine import EngineWorker
from config.alerting_defaults import load_alerting_defaults
from core.database.models.alerting import Alert, Match, Severity
from core.database.models.collecting import Document, Source
from core.database.models.operations import Queue, WorkItem
from tests.bench.installation import Installation, fresh_installation
from tests.quality.real_input import (
    PETITION_SOURCE,
    TITLE_SOURCE,
    RealText,
    petitions,
    titles,
    write_lines,
)
from zhisheng.expressions import rule_language

pytestmark = [pytest.mark.slow, pytest.mark.faults]

# All of it takes minutes; a tenth shows the same.
IS_FULL = os.environ.get("ZHISHENG_REAL_INPUT") == "full"
PETITION_COUNT = None if IS_FULL else 400
TITLE_COUNT = 20_000 if IS_FULL else 2_000
# Complaints are of all subjects: about one in ten speaks of work. Hot searches hardly ever do.
PETITIONS_RELEVANT = (0.04, 0.30)
TITLES_RELEVANT = (0.0, 0.12)
RED_PER_THOUSAND = 1.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: the installation, and the texts as they went in."""

    installation: Installation
    texts: list[RealText]
    answers: list[dict[str, object]]


def data_folder() -> Path:
    named = os.environ.get("ZHISHENG_DATA")
    if not named:
        pytest.skip("ZHISHENG_DATA names no folder with the real texts")
    return Path(named)


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    data, folder = data_folder(), tmp_path_factory.mktemp("lines")
    sets = {"petitions": petitions(data, PETITION_COUNT), "titles": titles(data, TITLE_COUNT)}
    with fresh_installation() as installation:
        answers = []
        for name, texts in sets.items():
            file = folder / f"{name}.jsonl"
            write_lines(texts, file, until=installation.services.clock.now())
            answers.append(ingest(installation, file))
        judge_all(installation)
        yield Taken(installation, [text for texts in sets.values() for text in texts], answers)


def ingest(installation: Installation, file: Path) -> dict[str, object]:
    done = command(installation, "ingest", str(file), "--wait")
    answer: dict[str, object] = json.loads(done)
    return answer


def command(installation: Installation, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-P", "-m", "zhisheng", *arguments],
        env=dict(installation.environment),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout


def judge_all(installation: Installation) -> None:
    services = installation.services
    with services.sessions() as session:
        names = rule_language(session).names
    worker = EngineWorker(
        services.sessions,
        services.clock,
        owner=services.owner,
        version=services.version,
        defaults=load_alerting_defaults(),
        names=names,
    )
    while count(installation, WorkItem.queue == Queue.EVALUATE.value):
        worker.step()
    while worker.step():
        pass


def count(installation: Installation, condition: object) -> int:
    with installation.services.sessions() as session:
        found = session.scalar(select(func.count()).select_from(WorkItem).where(condition))  # type: ignore[arg-type]
    return int(found or 0)


def relevant_share(taken: Taken, source: str) -> float:
    with taken.installation.services.sessions() as session:
        total, relevant = session.execute(
            select(func.count(), func.count().filter(Document.relevant.is_(True)))
            .join(Source, Source.id == Document.source_id)
            .where(Source.name == source)
        ).one()
    return float(relevant / total)


def test_every_real_text_is_taken_analysed_and_indexed(taken: Taken) -> None:
    for answer in taken.answers:
        assert answer["refused"] == []
    with taken.installation.services.sessions() as session:
        collected, analysed, indexed = session.execute(
            select(
                func.count(), func.count(Document.analysed_at), func.count(Document.indexed_at)
            ).select_from(Document)
        ).one()
    assert collected == sum(int(str(answer["accepted"])) for answer in taken.answers)
    assert collected == analysed == indexed
    assert count(taken.installation, WorkItem.dead_at.is_not(None)) == 0


@pytest.mark.parametrize("word", ["工资", "农民工", "社保", "小区"])
def test_search_finds_every_real_text_that_holds_a_word(taken: Taken, word: str) -> None:
    answer = json.loads(command(taken.installation, "search", word, "--json"))
    holding = {(t.source, t.id) for t in taken.texts if word in t.title or word in t.text}
    assert answer["total"] == len(holding)


@pytest.mark.parametrize(
    ("source", "bounds"),
    [(PETITION_SOURCE, PETITIONS_RELEVANT), (TITLE_SOURCE, TITLES_RELEVANT)],
)
def test_about_as_much_is_relevant_as_a_reader_finds(
    taken: Taken, source: str, bounds: tuple[float, float]
) -> None:
    lowest, highest = bounds
    assert lowest <= relevant_share(taken, source) <= highest


def test_default_rules_wake_nobody_at_night_for_ordinary_texts(taken: Taken) -> None:
    with taken.installation.services.sessions() as session:
        red = session.scalar(
            select(func.count()).select_from(Alert).where(Alert.severity == Severity.RED)
        )
        matches = session.scalar(select(func.count()).select_from(Match))
    assert matches
    assert (red or 0) <= max(1, RED_PER_THOUSAND * len(taken.texts) / 1000)
