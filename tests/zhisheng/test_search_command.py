"""``zhisheng search`` on an installation that runs."""

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from config.settings import load_settings
from core.clock import FakeClock
from core.database.models.understanding import SynonymGroup
from core.indexing import load_documents
from core.search.tantivy_engine import TantivySearch
from tests.core.test_indexing import add_documents
from zhisheng.commands.match import match
from zhisheng.commands.search import search
from zhisheng.services import Services, open_services


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    settings = load_settings(
        {"ZHISHENG_HOME": str(tmp_path_factory.mktemp("search")), "ZHISHENG_DEMO": "0"}
    )
    with open_services(settings) as services:
        clock = FakeClock(services.clock.now())
        ids = add_documents(services.sessions, clock, "欠薪三天", "讨薪两天", "天气晴好")
        with services.sessions.begin() as session:
            group = SynonymGroup(
                name="欠薪类", words=["欠薪", "讨薪"], changed_at=services.clock.now()
            )
            session.add(group)
            documents = load_documents(session, ids)
        engine = TantivySearch(services.home.index_folder)
        assert engine.index(documents).indexed == len(ids)
        engine.refresh()
        engine.close()
        yield services


def run(services: Services, *arguments: str) -> Result:
    return CliRunner().invoke(search, [*arguments, "--json"], obj=services.settings)


def found(outcome: Result) -> list[str]:
    assert outcome.exit_code == 0, outcome.output
    return [hit["title"] for hit in json.loads(outcome.stdout)["hits"]]


def test_the_groups_of_the_console_are_known(services: Services) -> None:
    assert found(run(services, "{欠薪类} -三天")) == ["讨薪两天"]
    matched = CliRunner().invoke(
        match,
        ["{欠薪类}"],
        obj=services.settings,
        input=b'{"id": 1, "text": "\xe8\xae\xa8\xe8\x96\xaa"}',
    )
    assert json.loads(matched.stdout)["id"] == "1"


def test_an_expression_may_begin_with_a_dash_and_hits_have_an_order(services: Services) -> None:
    assert found(run(services, "-晴好")) == ["欠薪三天", "讨薪两天"]
    assert found(run(services, "-晴好", "--sort", "oldest")) == ["讨薪两天", "欠薪三天"]


def test_a_cursor_goes_on_and_a_wrong_one_is_wrong_use(services: Services) -> None:
    first = json.loads(run(services, "天", "--limit", "2").stdout)
    assert (first["total"], len(first["hits"])) == (3, 2)
    assert found(run(services, "天", "--limit", "2", "--cursor", first["cursor"])) == ["天气晴好"]
    wrong = run(services, "天", "--cursor", "nonsense")
    assert wrong.exit_code == 2
    assert "翻页" in json.loads(wrong.stdout)["error"]["message"]


@pytest.mark.parametrize(
    ("options", "hits"),
    [
        (["--since", "24h"], 3),
        (["--since", "7天"], 3),
        (["--until", "24h"], 0),
        (["--since", "2100-01-01"], 0),
        (["--since", "2020-01-01T00:00:00+08:00", "--until", "2100-01-01"], 3),
    ],
)
def test_times_are_spans_days_or_moments(services: Services, options: list[str], hits: int) -> None:
    assert len(found(run(services, "天", *options))) == hits


def test_a_day_at_the_end_counts_whole(services: Services) -> None:
    today = services.clock.now().astimezone(dt.timezone(dt.timedelta(hours=8))).date()
    assert len(found(run(services, "天", "--until", today.isoformat()))) >= 1


@pytest.mark.parametrize("options", [["--since", "gestern"], ["--until", ""], ["--sort", "best"]])
def test_wrong_options_are_wrong_use(services: Services, options: list[str]) -> None:
    assert run(services, "天", *options).exit_code == 2


def test_a_wrong_expression_points_at_the_place(services: Services) -> None:
    outcome = run(services, "天 {欠薪}")
    assert outcome.exit_code == 2
    assert json.loads(outcome.stdout) == {
        "error": {"position": 2, "expected": "没有名为“欠薪”的同义词组", "fix": "天 {欠薪类}"}
    }
    assert "^" in outcome.stderr


def test_an_engine_that_does_not_answer_is_said(services: Services) -> None:
    down = load_settings(
        {
            "ZHISHENG_HOME": str(services.settings.home),
            "ZHISHENG_DEMO": "0",
            "ZHISHENG_ELASTICSEARCH_URL": "http://127.0.0.1:1",
        }
    )
    outcome = CliRunner().invoke(search, ["天", "--json"], obj=down)
    assert outcome.exit_code == 1
    assert "Elasticsearch" in json.loads(outcome.stdout)["error"]["message"]
