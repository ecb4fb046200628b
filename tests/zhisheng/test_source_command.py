"""``zhisheng source``: from a pasted address to a list and back, on a site of this test."""

import json
from pathlib import Path

import pytest

from tests.crawlers.site import Answer, Site, serving
from tests.crawlers.test_source_proposal import feed
from zhisheng.cli import run


class Terminal:
    """Runs ``zhisheng source`` in this process on the test's own database."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str]:
        self._capsys.readouterr()
        try:
            code = run(["source", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, self._capsys.readouterr().out


@pytest.fixture
def source(
    database_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    monkeypatch.setenv("ZHISHENG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ZHISHENG_DEMO", "0")
    monkeypatch.setenv("ZHISHENG_DATABASE_URL", database_url)
    monkeypatch.setenv("ZHISHENG_ALLOWED_ADDRESSES", "127.0.0.0/8")
    monkeypatch.setenv("ZHISHENG_LOG_LEVEL", "WARNING")
    return Terminal(capsys)


def test_sources_are_added_tried_given_out_and_taken_in(source: Terminal, tmp_path: Path) -> None:
    with serving(Site()) as site:
        site.pages["/rss.xml"] = feed()
        looked = json.loads(source("add", site.url("/rss.xml"), "--json")[1])
        assert (looked["saved"], looked["fault"]) == (None, None)
        assert "什么也没有保存" in source("add", site.url("/rss.xml"))[1]
        assert "已保存为「河湾工会网」" in source("add", site.url("/rss.xml"), "--yes")[1]
        code, out = source("try", "河湾工会网", "--json")
        tried = json.loads(out)
        assert (code, tried["ok"], tried["robots"], len(tried["items"])) == (0, True, "allowed", 5)
        assert "订阅第 10 条" in source("try", "--all")[1]
        file = tmp_path / "sources.yaml"
        assert source("export", str(file))[0] == 0
        assert source("export", "--name", "河湾工会网")[1] == file.read_text(encoding="utf-8")
        code, out = source("import", str(file))
        assert (code, "不变 1 条" in out) == (0, True)
        bad = file.read_text(encoding="utf-8").replace("河湾工会网", "没试过的")
        file.write_text(bad + "  unverified: true\n", encoding="utf-8")
        assert source("import", str(file))[0] == 0
        assert source("resume", "没试过的")[0] == 1
        assert source("try", "没试过的")[0] == 0
        assert source("resume", "没试过的")[0] == 0
        assert source("pause", "没试过的")[0] == 0
        file.write_text("- name: 只有名称\n", encoding="utf-8")
        code, out = source("import", str(file), "--json")
        assert (code, json.loads(out)["fate"]) == (1, "refused")
        assert source("import", str(file), "--dry-run")[0] == 1
        site.pages["/rss.xml"] = Answer(b"", 404)
        code, out = source("try", "河湾工会网")
        assert (code, "404" in out) == (1, True)
        assert source("add", site.url("/none"))[0] == 1
    assert source("try", "没有这个")[0] == 2
    assert source("try")[0] == 2
    listed = source("list", "--json")[1].splitlines()
    assert {json.loads(line)["name"] for line in listed} == {"没试过的", "河湾工会网"}
    assert "河湾工会网" in source("list")[1]
