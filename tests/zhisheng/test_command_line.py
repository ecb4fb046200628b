"""The commands as a user types them, each in a process of its own."""

import json
from pathlib import Path

import pytest

from tests.installation import Installation
from tests.zhisheng.conftest import Command

LINES = [
    {
        "url": "http://news.example/1",
        "title": "某工地拖欠工资三个月",
        "text": "木工班三十多人三个月没有领到工资，电话13800000000，大家约好明天去项目部门口讨说法。",
        "published_at": "2026-11-20T20:15:00+08:00",
        "source": "河湾新闻",
        "author": "一位工友",
        "platform": "新闻网站",
        "views": 1200,
    },
    {
        "url": "http://news.example/2",
        "title": "周末天气晴好",
        "text": "本周末全市以晴为主，气温回升，适合出行。",
        "published_at": "2026-11-20 08:00",
        "source": "河湾新闻",
    },
]


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    file = tmp_path / "posts.jsonl"
    rows = [json.dumps(line, ensure_ascii=False) for line in LINES]
    file.write_text(
        "\n".join([*rows, rows[0], "{broken", '{"url": "http://news.example/3"}']), encoding="utf-8"
    )
    return file


def test_nothing_runs_says_so_and_starts_nothing(zhisheng: Command, home: Path) -> None:
    outcome = zhisheng("status", "--json")
    assert outcome.code == 1
    assert "没有运行" in outcome.err
    assert not home.exists()


def test_wrong_settings_are_told_at_once(zhisheng: Command) -> None:
    outcome = zhisheng("status", ZHISHENG_PORT="abc", ZHISHENG_BIND="nowhere")
    assert outcome.code == 2
    assert "ZHISHENG_PORT" in outcome.err
    assert "ZHISHENG_BIND" in outcome.err
    assert outcome.out == ""


def test_a_file_is_taken_in_analysed_and_found(zhisheng: Command, posts: Path) -> None:
    outcome = zhisheng("ingest", str(posts), "--wait")
    assert outcome.code == 1, outcome.err
    report = outcome.json()
    assert report["accepted"] == 2
    assert report["duplicate"] == 1
    refused = report["refused"]
    assert isinstance(refused, list)
    assert [line["line"] for line in refused] == [4, 5]

    again = zhisheng("ingest", str(posts), "--wait").json()
    assert (again["accepted"], again["duplicate"]) == (0, 3)


def test_search_wants_a_running_instance(zhisheng: Command) -> None:
    outcome = zhisheng("search", "欠薪", "--json")
    assert outcome.code == 1
    assert "没有" in outcome.err


def test_a_wrong_expression_points_at_the_place(zhisheng: Command) -> None:
    outcome = zhisheng("search", "欠薪 AND (工地", "--json")
    assert outcome.code == 2
    error = outcome.json()["error"]
    assert isinstance(error, dict)
    assert error["position"] > 0
    assert error["expected"]


def test_a_weak_password_is_refused_and_a_good_one_taken(zhisheng: Command) -> None:
    create = ("user", "create", "wangmin", "--name", "王敏", "--role", "duty", "--password-stdin")
    weak = zhisheng(*create, text="password123456\n")
    assert "密码" in weak.err
    assert weak.code == 2
    assert zhisheng(*create, text="河湾的夜班一直有人值守 2026\n").code == 0
    twice = zhisheng(*create, text="河湾的夜班一直有人值守 2026\n")
    assert twice.code == 2
    assert "已经有登录名" in twice.err
    reset = ("user", "reset-password", "wangmin", "--password-stdin")
    assert zhisheng(*reset, text="另一句足够长的口令 2027\n").code == 0


def test_search_finds_what_was_taken_in_while_a_role_runs(home: Path, posts: Path) -> None:
    with Installation(home) as installation:
        installation.start("index")
        assert installation.run("ingest", str(posts), "--wait").returncode == 1
        outcome = installation.run("search", "拖欠工资 AND 平台:新闻网站", "--json")
        assert outcome.returncode == 0, outcome.stderr
        found = json.loads(outcome.stdout)
    assert found["total"] == 1
    assert found["cursor"] is None
    (hit,) = found["hits"]
    assert hit["url"] == "http://news.example/1"
    assert hit["published_at"] == "2026-11-20T12:15:00.000Z"
    assert "13800000000" not in json.dumps(hit)
    assert "author" not in hit
