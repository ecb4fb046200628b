"""``zhisheng extract``: articles out of saved pages."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.settings import load_settings
from zhisheng.commands.extract import extract

Run = Callable[..., Result]

BODY = "河湾市青岚区总工会昨日走访三个工地，了解农民工工资支付情况，逐个班组核对考勤，现场解答疑问，并留下联系电话。"
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>{title}_河湾新闻网</title>{head}</head><body>
<h1>{title}</h1><p class="info">来源：河湾日报 作者：林晓 {time}</p>
<div class="text"><p>{body}</p><p>{body}<a href="/more.html">详情</a></p><img src="a.jpg"></div></body></html>"""
FIELDS = [
    "file", "title", "author", "outlet", "published_at", "text", "original_source", "images", "links",
    "extractor", "score",
]  # fmt: skip


def page(
    *, title: str = "青岚区总工会走访工地", time: str = "2026年11月20日 08:15", head: str = ""
) -> bytes:
    return PAGE.format(title=title, time=time, head=head, body=BODY).encode()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    settings = load_settings({"ZHISHENG_HOME": str(tmp_path / "home")})

    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(extract, list(arguments), obj=settings, input=stdin)

    return run


def rows(outcome: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def test_each_file_gives_one_line_in_order_and_a_missing_one_is_told(
    run: Run, tmp_path: Path
) -> None:
    first, empty, last = tmp_path / "1.html", tmp_path / "2.html", tmp_path / "3.html"
    first.write_bytes(page())
    empty.write_bytes(b"")
    last.write_bytes(page(title="总工会开通求助热线", time="2026年11月20日"))
    names = [str(first), str(tmp_path / "gone.html"), str(tmp_path), str(empty), str(last)]
    outcome = run(*names, "--json", "--url", "https://news.example/2026/1.html")
    assert outcome.exit_code == 1
    found = rows(outcome)
    assert [row["file"] for row in found] == names
    assert all(list(row)[: len(FIELDS)] == FIELDS for row in found)
    assert found[0]["title"] == "青岚区总工会走访工地"
    assert str(found[0]["text"]).splitlines() == [BODY, BODY + "详情"]
    assert found[0]["published_at"] == "2026-11-20T00:15:00.000Z"
    assert found[0]["images"] == ["https://news.example/2026/a.jpg"]
    assert found[0]["links"] == ["https://news.example/more.html"]
    assert found[4]["published_at"] == "2026-11-20"
    reasons = [row.get("error") for row in found]
    assert (reasons[0], reasons[4]) == (None, None)
    assert "没有这个文件" in str(reasons[1])
    assert "文件夹" in str(reasons[2])
    assert "页面是空的" in str(reasons[3])
    assert all(found[1][field] is None for field in FIELDS[1:])


@pytest.mark.parametrize(
    "head",
    [
        '<link rel="canonical" href="https://news.example/2026/1.html">',
        '<meta property="og:url" content="https://news.example/2026/1.html">',
        "<!-- saved from url=(0032)https://news.example/2026/1.html -->",
        '<base href="https://news.example/2026/">',
    ],
)
def test_without_an_address_the_page_is_asked_for_its_own(
    run: Run, tmp_path: Path, head: str
) -> None:
    (tmp_path / "1.html").write_bytes(page(head=head))
    [row] = rows(run(str(tmp_path / "1.html"), "--json"))
    assert row["images"] == ["https://news.example/2026/a.jpg"]


def test_names_are_read_from_standard_input_and_workers_keep_their_order(
    run: Run, tmp_path: Path
) -> None:
    names = [str(tmp_path / f"{number}.html") for number in range(12)]
    for number, name in enumerate(names):
        Path(name).write_bytes(page(title=f"第{number}号工地已经走访"))
    outcome = run("-", "--json", "--workers", "2", stdin="\n".join(names))
    assert outcome.exit_code == 0
    assert [row["title"] for row in rows(outcome)] == [
        f"第{number}号工地已经走访" for number in range(12)
    ]


def test_without_json_the_article_is_readable(run: Run, tmp_path: Path) -> None:
    (tmp_path / "1.html").write_bytes(page())
    outcome = run(str(tmp_path / "1.html"))
    assert outcome.exit_code == 0
    assert "标题：青岚区总工会走访工地" in outcome.stdout
    assert BODY in outcome.stdout
