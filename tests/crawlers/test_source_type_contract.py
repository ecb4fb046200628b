"""What holds for every source type in the table, the ones that will be added included."""

from __future__ import annotations

import json
import pickle
import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import ExtractionError
from core.options import FieldKind, parse_options
from crawlers.source import Harvest
from crawlers.source_keys import KEY_OPTIONS
from crawlers.source_types import SOURCE_TYPES
from tests.crawlers.parsing import REQUIRED, page_of, source_of

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
LONGEST_S = 10
MOST_LINKS = 5000
MOST_DOCUMENTS = 5000
HALF_READ = st.sampled_from(
    [
        '<?xml version="1.0"?><rss><channel><item><title>标题</title>',
        "<urlset><url><loc>https://news.example.com/a</loc>",
        '{"items": [{"title": "标题"}, 3, null, []]',
        '{"items": {"a": 1}, "data": [1, {"title": {"x": 1}, "id": [1]}]}',
        "[[], {}, null, 1e400]",
        "<html><body><div class=post><p class=text>",
        "<ul><li><a href='//[::1'>坏的链接坏的链接</a>",
        "User-agent: *\nSitemap: https://news.example.com/s.xml",
        "\x1f\x8b",
        "",
    ]
)
SOUP = st.one_of(st.binary(max_size=300), HALF_READ.map(str.encode), st.text().map(str.encode))


@pytest.mark.parametrize("kind", SOURCE_TYPES.names())
class TestSourceType:
    def test_says_what_it_is_in_chinese(self, kind: str) -> None:
        source_type = SOURCE_TYPES.load(kind)
        assert source_type.name == kind
        assert any(character > "一" for character in source_type.label)
        names = [spec.name for spec in source_type.options]
        assert len(set(names)) == len(names)
        for spec in source_type.options:
            assert any(character > "一" for character in spec.label), spec.name
            assert not spec.help or spec.help.endswith(("。", "）")) or "如" in spec.help, spec.help
            # Only this secret is sealed, and only its header is sent.
            assert spec.kind is not FieldKind.SECRET or spec in KEY_OPTIONS

    def test_its_defaults_can_be_saved(self, kind: str) -> None:
        source_type = SOURCE_TYPES.load(kind)
        options = parse_options(source_type.options, REQUIRED.get(kind, {}))
        assert dict(source_type().faults(options)) == {}
        assert parse_options(source_type.options, json.loads(json.dumps(options))) == options
        for request in source_type().requests(source_of(kind)):
            assert request.url.startswith("https://")

    def test_is_documented_with_an_example_that_can_be_saved(self, kind: str) -> None:
        _, _, section = DOCUMENTATION.partition(f"\n## `{kind}`\n")
        section = section.partition("\n## ")[0]
        source_type = SOURCE_TYPES.load(kind)
        shared = (
            DOCUMENTATION.partition("\n## `")[0] if "shared options of lists" in section else ""
        )
        for spec in source_type.options:
            assert f"`{spec.name}`" in section + shared, spec.name
        example = re.search(r"```yaml\n(.+?)```", section, re.DOTALL)
        assert example is not None or not source_type.needs_url
        if example is not None:
            (entry,) = yaml.safe_load(example[1])
            options = parse_options(source_type.options, entry.get("options", {}))
            assert (entry["kind"], dict(source_type().faults(options))) == (kind, {})

    def test_faulty_paths_and_selectors_are_refused_when_they_are_saved(self, kind: str) -> None:
        source_type = SOURCE_TYPES.load(kind)
        wrong = {
            spec.name: "[[("
            for spec in source_type.options
            if spec.name.endswith(("_selector", "_field", "_path")) or spec.name == "items"
        }
        options = parse_options(source_type.options, {**REQUIRED.get(kind, {}), **wrong})
        assert set(wrong) <= set(source_type().faults(options))

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(body=SOUP, number=st.sampled_from([1, 2]), is_linked=st.booleans())
    def test_nothing_but_an_extraction_error_comes_of_any_bytes(
        self, kind: str, body: bytes, number: int, is_linked: bool
    ) -> None:
        page = page_of(body, number=number, cursor={"since": "x", "page": 3, "read": [], "next": 1})
        read(kind, page.body, is_linked=is_linked, number=number)

    @pytest.mark.parametrize(
        "body",
        [
            "<" * 300_000,
            "\n" * 300_000 + "<rss>",
            "<rss>" + "<!DOCTYPE [" * 50_000,
            "<a href='/2026/1121/c1.html'>" * 20_000,
            "<div>" * 50_000,
            "<urlset>" + "<url><loc>https://news.example.com/1234</loc></url>" * 60_000,
            "[" * 100_000,
            json.dumps(
                {"items": [{"title": "标题", "content": "正文", "id": n} for n in range(20_000)]}
            ),
        ],
        ids=lambda body: body[:12],
    )
    def test_a_hostile_page_costs_bounded_time_and_yields_a_bounded_harvest(
        self, kind: str, body: str
    ) -> None:
        started = time.process_time()
        # How articles are found in a page has tests of its own.
        readings = (False, True) if SOURCE_TYPES.load(kind).revisits_links else (False,)
        for is_linked in readings:
            harvest = read(kind, body.encode(), is_linked=is_linked)
            assert len(harvest.documents) <= MOST_DOCUMENTS
            assert len(harvest.links) <= MOST_LINKS
            pickle.dumps(harvest)
        assert time.process_time() - started < LONGEST_S


def read(kind: str, body: bytes, *, is_linked: bool, number: int = 1) -> Harvest:
    source_type, source = SOURCE_TYPES.load(kind)(), source_of(kind)
    page = page_of(body, number=number)
    try:
        harvest = (source_type.parse_linked if is_linked else source_type.parse)(page, source)
    except ExtractionError as error:
        sentence = str(error)
    else:
        return harvest
    assert sentence.endswith("。")
    return Harvest()
