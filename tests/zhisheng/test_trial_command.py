"""``zhisheng trial``: what an expression would have found, and how it differs from another."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.settings import load_settings
from core.clock import SystemClock
from core.crypto.keyring import Keyring
from core.search import SearchDocument
from core.search.tantivy_engine import TantivySearch
from zhisheng.commands.trial import trial
from zhisheng.home import open_home

Try = Callable[..., Result]


@pytest.fixture
def run_trial(tmp_path: Path, database_url: str) -> Try:
    """Run the command over ten posts of the last ten days, every second of them an offer of work."""
    home = tmp_path / "home"
    settings = load_settings({"ZHISHENG_HOME": str(home), "ZHISHENG_DATABASE_URL": database_url})
    open_home(home, demo=False)
    Keyring.open(settings.master_key_file, create=True)
    search = TantivySearch(home / "index")
    now = SystemClock().now()
    search.index(
        [
            SearchDocument(
                id=number,
                revision=1,
                title="高薪招聘" if number % 2 else "工地欠薪",
                text="",
                published_at=now - timedelta(days=number, hours=1),
                ingested_at=now,
                relevant=number % 2 == 0,
                polarity="negative",
            )
            for number in range(10)
        ]
    )
    search.close()

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(trial, list(arguments), obj=settings)

    return run


def test_trial_counts_names_noise_and_compares(run_trial: Try) -> None:
    outcome = run_trial("欠薪 OR 招聘", "--days", "7", "--against", "欠薪", "--json")
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    assert (found["total"], found["before"], found["everything"]) == (7, 3, 7)
    assert (found["relevant"], found["irrelevant"]) == (4, 3)
    assert sum(point["total"] for point in found["points"]) == 7
    assert found["samples"] == ["0", "1", "2", "3", "4", "5", "6"]
    assert found["terms"][0] == {
        "term": "招聘",
        "hits": 3,
        "irrelevant": 3,
        "only": 3,
        "only_irrelevant": 3,
        "without": "欠薪",
    }
    assert found["difference"] == {
        "saved_total": 4,
        "added": {"total": 3, "irrelevant": 3, "newest": ["1", "3", "5"]},
        "removed": {"total": 0, "irrelevant": 0, "newest": []},
    }
    assert found["left_out"] == []


def test_people_read_it_in_lines(run_trial: Try) -> None:
    outcome = run_trial("欠薪 OR 招聘", "--against", "欠薪")
    assert "过去 7 天命中 7 条；再往前 7 天 3 条" in outcome.stdout
    assert "和另一个写法相比：多命中 3 条，少命中 0 条" in outcome.stdout
    assert "招聘\t命中 3，其中非涉工 3\t只靠它 3，其中非涉工 3" in outcome.stdout


def test_wrong_expressions_are_refused(run_trial: Try) -> None:
    for arguments in (["(欠薪"], ["欠薪", "--against", "(欠薪"]):
        outcome = run_trial(*arguments, "--json")
        assert outcome.exit_code == 2
        assert json.loads(outcome.stdout)["error"]["position"] == 0
    assert run_trial("欠薪", "--days", "5").exit_code == 2


def test_nothing_is_tried_where_nothing_runs(tmp_path: Path) -> None:
    settings = load_settings({"ZHISHENG_HOME": str(tmp_path / "home")})
    outcome = CliRunner().invoke(trial, ["欠薪", "--json"], obj=settings)
    assert outcome.exit_code == 1
    assert "没有运行" in json.loads(outcome.stdout)["error"]["message"]
    assert not (tmp_path / "home").exists()
