import gzip
import json
from pathlib import Path

import pytest
from flask import Flask, Response, request

from core.errors import ConfigurationError
from webui.application import STATIC_FOLDER
from webui.assets import Assets

SCRIPT = b"console.log('\xe8\x81\x8c\xe5\xa3\xb0');" * 20
KIBIBYTE = 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.1a2b3c.js").write_bytes(SCRIPT)
    (tmp_path / "app.1a2b3c.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "secret.txt").write_text("not in the manifest")
    entry = {"file": "app.1a2b3c.js", "bytes": len(SCRIPT), "gzip": 60}
    (tmp_path / "manifest.json").write_text(json.dumps({"app.js": entry}))
    return tmp_path


@pytest.fixture
def app(folder: Path) -> Flask:
    app = Flask(__name__, static_folder=None)
    assets = Assets(folder)

    @app.get("/static/<path:name>")
    def static_file(name: str) -> Response:
        return assets.respond(name, request)

    return app


def test_a_name_leads_to_its_hashed_address(folder: Path) -> None:
    assets = Assets(folder)
    assert assets.is_built
    assert assets.url("app.js") == "/static/app.1a2b3c.js"


def test_an_unknown_name_is_refused_with_the_known_ones(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"apps\.js.*app\.js"):
        Assets(folder).url("apps.js")


def test_pages_still_render_where_nothing_was_built(tmp_path: Path) -> None:
    assets = Assets(tmp_path / "absent")
    assert not assets.is_built
    assert assets.url("app.js") == "/static/app.js"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"app.js": {}}', '{"app.js": "x"}'])
def test_a_broken_manifest_stops_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ConfigurationError, match="重新构建"):
        Assets(tmp_path)


def test_a_browser_that_takes_gzip_gets_the_file_compressed_for_ever(app: Flask) -> None:
    answer = app.test_client().get("/static/app.1a2b3c.js", headers={"Accept-Encoding": "gzip, br"})
    assert answer.status_code == 200
    assert gzip.decompress(answer.data) == SCRIPT
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["Cache-Control"]


def test_other_clients_get_it_plain(app: Flask) -> None:
    answer = app.test_client().get("/static/app.1a2b3c.js")
    assert answer.data == SCRIPT
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "name",
    ["secret.txt", "app.js", "manifest.json", "app.1a2b3c.js.gz", "../secret.txt", "%2e%2e/x"],
)
def test_only_files_of_the_manifest_are_served(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/static/{name}").status_code == 404


def built() -> Assets:
    assets = Assets(STATIC_FOLDER)
    if not assets.is_built:
        pytest.skip("the front end is not built: run webui/frontend/build")
    return assets


@pytest.mark.parametrize(
    ("names", "budget"),
    [
        (("theme.js", "app.js"), 25),
        (("theme.js", "app.js", "charts.js"), 230),
        (("app.css",), 12),
    ],
)
def test_what_a_page_loads_stays_within_its_budget(names: tuple[str, ...], budget: int) -> None:
    files = built().files
    assert sum(files[name].compressed_size for name in names) <= budget * KIBIBYTE


def test_the_manifest_tells_the_true_sizes() -> None:
    for entry in built().files.values():
        path = STATIC_FOLDER / entry.file
        packed = STATIC_FOLDER / f"{entry.file}.gz"
        assert (path.stat().st_size, packed.stat().st_size) == (entry.size, entry.compressed_size)
        assert gzip.decompress(packed.read_bytes()) == path.read_bytes()


SOURCES = Path(STATIC_FOLDER).parent / "frontend" / "src"
TEMPLATES = Path(STATIC_FOLDER).parent / "templates"
TOO_NEW = ("color-mix(", "oklch(", "light-dark(", "@layer", ":has(", "@container")


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.css")), ids=lambda path: path.name)
def test_styles_use_nothing_that_old_browsers_lack(path: Path) -> None:
    text = path.read_text()
    assert [feature for feature in TOO_NEW if feature in text] == []
