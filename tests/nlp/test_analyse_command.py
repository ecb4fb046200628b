"""The command as a user runs it: lines in, lines out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TEXTS = ["工地拖欠工资三个月", "今天天气真好", "公司裁员，n+1 没有谈拢"]


def run(home: Path, lines: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zhisheng", "analyse", *options],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "ZHISHENG_HOME": str(home)},
    )


def test_bad_lines_are_named_and_the_rest_is_analysed(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": "a", "title": "讨薪", "text": TEXTS[0]}, ensure_ascii=False),
        "{not json",
        "",
        json.dumps({"id": 5, "text": TEXTS[1]}),
        json.dumps({"text": TEXTS[1]}),
        json.dumps({"id": 6, "text": 3}),
        json.dumps({"id": 7, "text": TEXTS[2], "published_at": "昨天"}),
        "[1]",
    ]
    done = run(tmp_path, lines)
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a", "5"]
    refused = [json.loads(line) for line in done.stderr.splitlines()]
    assert [row["line"] for row in refused] == [2, 5, 6, 7, 8]


@pytest.mark.slow
def test_workers_keep_the_order(tmp_path: Path) -> None:
    lines = [json.dumps({"id": number, "text": TEXTS[number % 3]}) for number in range(1_000)]
    target = tmp_path / "out.jsonl"
    alone, shared = (
        run(tmp_path, lines),
        run(tmp_path, lines, "--workers", "2", "--output", str(target)),
    )
    assert alone.returncode == shared.returncode == 0
    assert target.read_text() == alone.stdout
    assert [json.loads(line)["id"] for line in alone.stdout.splitlines()] == list(
        map(str, range(1_000))
    )
