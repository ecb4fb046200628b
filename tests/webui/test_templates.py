"""What the page layout and the macros promise, looked at without a browser."""

import datetime as dt
import re
from pathlib import Path

import jinja2
import pytest

from core.options import FieldKind, FieldSpec
from webui.styleguide import sample

TEMPLATES = Path(__file__).parents[2] / "webui" / "templates"
NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)


def page(environment: jinja2.Environment, **changes: object) -> str:
    items = [
        {
            "label": "预警箱",
            "href": "/alerts/",
            "endpoint": "alerts.index",
            "current": False,
            "pill": 4,
        },
        {
            "label": "值班表",
            "href": "/roster/",
            "endpoint": "roster.index",
            "current": True,
            "pill": None,
        },
    ]
    context: dict[str, object] = {
        "asset": lambda name: f"/static/{name}",
        "csp_nonce": "n0nce",
        "csrf_token": "t0ken",
        "nav": [{"label": "值班", "items": items}],
        "freshness": {"text": "数据更新于 09:28", "state": "ok"},
        "demo": False,
        "user": {"name": "李某", "role_labels": ["值班员"]},
        "flashes": [],
        "badge_url": "/alerts/badge?v=1",
        "now_iso": NOW.isoformat(),
        "sample": sample(NOW),
    }
    return environment.get_template("styleguide.html").render(context | changes)


def render(environment: jinja2.Environment, source: str, **context: object) -> str:
    return environment.from_string(source).render(context)


def field(
    environment: jinja2.Environment, spec: object, value: object = None, error: str | None = None
) -> str:
    source = (
        '{% import "ui/forms.html" as forms with context %}{{ forms.field(spec, value, error) }}'
    )
    return render(environment, source, spec=spec, value=value, error=error, csrf_token="t")


def test_no_page_carries_script_or_style_that_the_policy_refuses(
    environment: jinja2.Environment,
) -> None:
    html = page(environment)
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on", html) == []
    scripts = re.findall(r"<script([^>]*)>", html)
    assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)


def test_every_id_occurs_once(environment: jinja2.Environment) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page(environment))
    assert sorted(ids) == sorted(set(ids))


def test_every_reference_between_elements_has_its_target(environment: jinja2.Environment) -> None:
    html = page(environment)
    ids = set(re.findall(r'\sid="([^"]+)"', html))
    for attribute in (
        "for",
        "aria-labelledby",
        "aria-describedby",
        "aria-controls",
        "data-dialog",
        "data-src",
    ):
        for value in re.findall(rf'\s{attribute}="([^"]+)"', html):
            assert set(value.split()) <= ids, (attribute, value)


def test_the_token_travels_with_every_htmx_request(environment: jinja2.Environment) -> None:
    assert """hx-headers:inherited='{"X-CSRF-Token":"t0ken"}'""" in page(environment)


def test_the_alert_entry_polls_and_the_other_entries_do_not(
    environment: jinja2.Environment,
) -> None:
    html = page(environment)
    assert html.count("data-poll") == 1
    assert 'hx-get="/alerts/badge?v=1"' in html


def test_a_drill_is_marked_on_every_page(environment: jinja2.Environment) -> None:
    assert "演练" not in page(environment, demo=False)
    html = page(environment, demo=True)
    assert "drill-strip" in html
    assert "（演练）</title>" in html


def test_without_a_user_there_is_no_menu(environment: jinja2.Environment) -> None:
    html = page(environment, user=None)
    assert "主导航" not in html
    assert 'class="alone-card"' in html


def test_texts_from_outside_are_escaped(environment: jinja2.Environment) -> None:
    source = (
        '{% import "ui/story.html" as story %}{{ story.evidence({"text": text, "source": text}) }}'
    )
    html = render(environment, source, text="<img src=x>")
    assert "<img" not in html
    assert html.count("&lt;img") == 2


@pytest.mark.parametrize("separator", ["·", "・"])
def test_no_template_uses_a_middle_dot_which_is_wide_in_chinese_fonts(separator: str) -> None:
    assert [path.name for path in TEMPLATES.rglob("*.html") if separator in path.read_text()] == []


@pytest.mark.parametrize(
    "path", sorted((TEMPLATES / "ui").glob("*.html")), ids=lambda path: path.name
)
def test_chinese_text_has_full_width_punctuation(path: Path) -> None:
    assert re.findall(r"[一-龥][,:;?!](?![%}])", path.read_text()) == []


@pytest.mark.parametrize(
    ("level", "word"),
    [(1, "红色 Ⅰ级"), ("2", "橙色 Ⅱ级"), ("yellow", "黄色 Ⅲ级"), ("BLUE", "蓝色 Ⅳ级")],
)
def test_a_level_says_its_name_beside_its_shape(
    environment: jinja2.Environment, level: object, word: str
) -> None:
    source = '{% import "ui/marks.html" as marks %}{{ marks.level_badge(level) }}'
    html = render(environment, source, level=level)
    assert word in html
    assert "<svg" in html


def test_an_unknown_state_shows_its_own_name(environment: jinja2.Environment) -> None:
    source = '{% import "ui/marks.html" as marks %}{{ marks.status("hibernating") }}'
    assert ">hibernating</span>" in render(environment, source)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FieldKind.TEXT, 'type="text"'),
        (FieldKind.MULTILINE, "<textarea"),
        (FieldKind.NUMBER, 'step="1"'),
        (FieldKind.DECIMAL, 'step="any"'),
        (FieldKind.BOOLEAN, 'type="checkbox"'),
        (FieldKind.CHOICE, "<select"),
        (FieldKind.SECRET, 'type="password"'),
        (FieldKind.URL, 'type="url"'),
        (FieldKind.EMAIL, 'type="email"'),
        (FieldKind.DATETIME, 'type="datetime-local"'),
        (FieldKind.LIST, "<textarea"),
    ],
)
def test_every_kind_of_option_has_its_own_control_and_label(
    environment: jinja2.Environment, kind: FieldKind, expected: str
) -> None:
    html = field(environment, FieldSpec("port", "端口", kind, choices=(("a", "甲"),)))
    assert expected in html
    assert '<label for="f-port">' in html


def test_every_kind_is_covered_by_the_table_above() -> None:
    assert {kind.value for kind in FieldKind} == {
        "text", "multiline", "number", "decimal", "boolean", "choice",
        "secret", "url", "email", "datetime", "list",
    }  # fmt: skip


def test_a_fault_is_linked_to_its_field(environment: jinja2.Environment) -> None:
    html = field(
        environment, FieldSpec("port", "端口", FieldKind.NUMBER, help="通常是 465"), 0, "太小"
    )
    assert 'aria-describedby="f-port-hint f-port-error" aria-invalid="true"' in html
    assert '<p class="error" id="f-port-error">太小</p>' in html


def test_a_zero_is_shown_and_limits_keep_their_digits(environment: jinja2.Environment) -> None:
    spec = FieldSpec("n", "数", FieldKind.NUMBER, minimum=0, maximum=12_345_678.0)
    html = field(environment, spec, 0)
    assert 'value="0" min="0" max="12345678"' in html


def test_a_saved_secret_never_comes_back_to_the_page(environment: jinja2.Environment) -> None:
    spec = FieldSpec("token", "密钥", FieldKind.SECRET, required=True)
    html = field(environment, spec, "s3cr3t-value")
    assert "s3cr3t" not in html
    assert " required" not in html
    assert " required" in field(environment, spec)


def test_the_chosen_value_is_selected_whatever_its_type(environment: jinja2.Environment) -> None:
    html = field(
        environment, FieldSpec("n", "数", FieldKind.CHOICE, choices=(("1", "一"), ("2", "二"))), 2
    )
    assert '<option value="2" selected>' in html
    assert html.count("selected") == 1


def test_a_list_is_one_item_per_line(environment: jinja2.Environment) -> None:
    assert ">\n招聘\n转让</textarea>" in field(
        environment, FieldSpec("w", "词", FieldKind.LIST), ["招聘", "转让"]
    )


def test_a_post_button_carries_the_token_and_its_question(environment: jinja2.Environment) -> None:
    source = (
        '{% import "ui/forms.html" as forms with context %}'
        '{{ forms.post_button("停用", "/x", key="d", confirm="停用吗？", hidden={"v": 3}) }}'
    )
    html = render(environment, source, csrf_token="t0ken")
    assert 'name="csrf_token" value="t0ken"' in html
    assert 'data-confirm="停用吗？"' in html
    assert 'name="v" value="3"' in html
    assert 'data-key="d"' in html


def test_the_end_of_a_list_has_no_next_page(environment: jinja2.Environment) -> None:
    source = '{% import "ui/tables.html" as tables %}{{ tables.pager({"previous": "/d?c=a", "next": none}) }}'
    html = render(environment, source)
    assert html.count("<a ") == 1
    assert 'aria-disabled="true">下一页' in html
