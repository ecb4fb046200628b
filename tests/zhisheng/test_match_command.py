"""``zhisheng match``: lines in, matches out, with nothing running."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.settings import load_settings
from tests.zhisheng.conftest import Command
from zhisheng.commands.match import match
from zhisheng.json_lines import LONGEST_LINE

Match = Callable[..., Result]

LINES: list[dict[str, object]] = [
    {"id": 1, "title": "某工地拖欠农民工工资", "text": "已经三个月了，欠薪"},
    {"id": "二", "text": "欠薪 NUL\u0000 😀 工地", "regions": ["南京"], "topics": ["wage_arrears"]},
    {
        "id": "3",
        "title": None,
        "text": "天气晴好",
        "polarity": "负面",
        "published_at": "2026-11-20",
    },
    {
        "id": 4,
        "text": "ＡＢ公司討薪",
        "region": 320106,
        "level": "省级",
        "relevant": True,
        "our_union": False,
        "employers": ["ＡＢ公司"],
        "event_id": "12",
        "platform": "微博",
        "source": "工人论坛",
        "views": 0,
        "reposts": 10,
        "comments": None,
    },
]


@pytest.fixture
def run_match(tmp_path: Path) -> Match:
    settings = load_settings({"ZHISHENG_HOME": str(tmp_path / "home")})

    def run(*arguments: str, lines: bytes | None = None) -> Result:
        given = b"\n".join(json.dumps(line).encode() for line in LINES) if lines is None else lines
        outcome = CliRunner().invoke(match, list(arguments), obj=settings, input=given)
        assert not (tmp_path / "home").exists()
        return outcome

    return run


def rows(outcome: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in outcome.stdout_bytes.splitlines()]


def ids(outcome: Result) -> list[object]:
    return [row["id"] for row in rows(outcome)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("欠薪", ["1", "二"]),
        ("-欠薪", ["3", "4"]),
        ("--欠薪 OR 讨薪", ["1", "二", "4"]),
        ("标题:工地", ["1"]),
        ("地区:江苏", ["二", "4"]),
        ("地区:南京 主题:欠薪与工资支付", ["二"]),
        ("情感:negative", ["3"]),
        ("时间:2026-11-20", ["3"]),
        ("时间:2h", ["3"]),
        ("-时间:..2026-11-21", ["1", "二", "4"]),
        ("信源级别:省级 涉工:是 工会:否 雇主:ab公司 事件:12 平台:微博 信源:工人论坛", ["4"]),
        ("触达<=0 转发:10", ["4"]),
        ("评论>=0 OR -评论>=0", ["1", "二", "3", "4"]),
    ],
)
def test_lines_that_meet_the_expression_come_out_in_order(
    run_match: Match, expression: str, expected: list[str]
) -> None:
    outcome = run_match(expression, "--now", "2026-11-20T01:30")
    assert outcome.exit_code == 0, outcome.stderr
    assert ids(outcome) == expected


def test_a_match_says_where(run_match: Match) -> None:
    assert rows(run_match("工地 ONEAR/4 农民工 欠薪")) == [
        {
            "id": "1",
            "spans": [
                {"field": "title", "start": 1, "end": 3},
                {"field": "title", "start": 5, "end": 8},
                {"field": "text", "start": 7, "end": 9},
            ],
        }
    ]


def test_bad_lines_are_told_by_number_and_the_rest_goes_on(run_match: Match) -> None:
    lines = [
        b'\xef\xbb\xbf{"id": 1, "text": "a"}\r',
        b"{broken",
        b"",
        b"[]",
        b'{"text": "a"}',
        b'{"id": true, "text": "a"}',
        b'{"id": 5}',
        b'{"id": 6, "text": "a", "views": "3"}',
        b'{"id": 6, "text": "a", "regions": {"a": 1}}',
        b'{"id": 6, "text": "a", "relevant": "yes"}',
        b'{"id": 6, "text": "a", "event_id": "x"}',
        b'{"id": 6, "text": "a", "published_at": "yesterday"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": 7, "text": "' + b"b" * LONGEST_LINE + b'a"}',
        b'{"id": "\\ud83d", "title": "\\ud83da", "text": ""}',
    ]
    outcome = run_match("a", lines=b"\n".join(lines))
    assert outcome.exit_code == 1
    assert ids(outcome) == ["1", "\ud83d"]
    told = outcome.stderr.splitlines()
    assert [line.split()[1] for line in told] == [str(number) for number in (2, *range(4, 16))]
    assert all(line.startswith("第 ") and line.endswith("。") for line in told)


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("(欠薪", {"position": 0, "expected": "这个左括号没有配对的右括号", "fix": "(欠薪)"}),
        ("{类}", {"position": 0, "expected": "没有名为“类”的同义词组", "fix": None}),
        ("-甲 (乙))", {"position": 6, "expected": "这里多了一个右括号", "fix": "-甲 (乙)"}),
    ],
)
def test_a_wrong_expression_is_refused_with_a_caret(
    run_match: Match, expression: str, error: dict[str, object]
) -> None:
    outcome = run_match(expression)
    assert outcome.exit_code == 2
    assert rows(outcome) == [{"error": error}]
    picture = outcome.stderr.splitlines()
    assert picture[0] == expression
    assert picture[1].lstrip().startswith("^")


def test_groups_come_from_a_file(run_match: Match, tmp_path: Path) -> None:
    file = tmp_path / "groups.json"
    file.write_text('{"欠薪类": ["欠薪", "讨*薪"]}', encoding="utf-8-sig")
    assert ids(run_match("｛欠薪类｝", "--groups", str(file))) == ["1", "二", "4"]
    file.write_text('{"欠薪类": "欠薪"}', encoding="utf-8")
    wrong = run_match("{欠薪类}", "--groups", str(file))
    assert "应为词的列表" in str(wrong.exception)


def test_a_wrong_now_is_wrong_use(run_match: Match) -> None:
    outcome = run_match("欠薪", "--now", "gestern")
    assert outcome.exit_code == 2
    assert "应为时间" in outcome.stderr


def test_the_installed_command_reads_standard_input(zhisheng: Command) -> None:
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in LINES)
    outcome = zhisheng("match", "-欠薪", "--input", "-", text=text)
    assert outcome.code == 0, outcome.err
    assert [json.loads(line)["id"] for line in outcome.out.splitlines()] == ["3", "4"]
    # A shell passes bytes that are no text as lone surrogates.
    assert zhisheng("match", "(\udcff").json()["error"]
