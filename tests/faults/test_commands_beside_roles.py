"""Commands on an installation whose roles run, and on one where none does."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.database.models.collecting import Document
from tests.faults.world import World
from tests.installation import Installation

pytestmark = pytest.mark.faults


def posts(folder: Path, word: str, number: int) -> Path:
    file = folder / f"{number}.jsonl"
    rows = [
        {
            "url": f"http://forum.example/{word.encode().hex()}/{row}",
            "title": f"{word}厂区第{row}组的来信",
            "text": f"{word}厂区第{row}组写信询问：高温津贴从几月开始发，第{row}组的夏季考勤怎样算。",
            "published_at": "2026-11-20T20:15:00+08:00",
            "source": "来信",
        }
        for row in range(number)
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return file


def documents(world: World) -> int | None:
    with world.services.sessions() as session:
        return session.scalar(select(func.count()).select_from(Document))


def total(installation: Installation, word: str) -> object:
    found = installation.run("search", word, "--json")
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)["total"]


@pytest.mark.parametrize(
    ("roles", "word"),
    [(("understand", "index"), "白榆一号"), (("understand",), "白榆二号"), ((), "白榆三号")],
)
def test_ingest_waits_until_everything_is_found_whoever_does_the_work(
    world: World, tmp_path: Path, roles: tuple[str, ...], word: str
) -> None:
    world.keep_running(*roles)
    outcome = world.installation.run("ingest", str(posts(tmp_path, word, 20)), "--wait")
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout) == {"accepted": 20, "duplicate": 0, "refused": []}
    assert total(world.installation, word) == 20


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("broken.xlsx", b"PK\x03\x04 not a workbook", "打不开"),
        ("empty.csv", b"", "空的"),
        ("report.pdf", b"%PDF-1.7", "格式"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    world: World, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    before = documents(world)
    outcome = world.installation.run("ingest", str(file), "--wait")
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert reason in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert documents(world) == before
