"""A model's summary is shown only if it cites what it was given; anything else falls back to quotations."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import load_settings
from core.errors import ConfigurationError
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import ClientLimits, HTTPClient
from nlp.event_summary import SourceText
from zhisheng.model_summary import (
    LABEL,
    MOST_DOCUMENTS,
    EventSummariser,
    ModelAnswerError,
    ModelEndpoint,
    Origin,
    WrittenSummary,
    cited_sentences,
    model_endpoint,
)

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
SOURCES = [
    SourceText(501, NOW - dt.timedelta(hours=9), "", "河湾市东城工地四十六名木工被拖欠工资约86万元。"),
    SourceText(502, NOW - dt.timedelta(hours=4), "人社局回应", "河湾市人社局已立案，责令总包三日内支付。"),
]  # fmt: skip
GOOD = "河湾市46名木工被拖欠工资约八十六万元[1]。人社局已立案并责令总包支付[1][2]。"


@dataclass
class FakeModel:
    """An OpenAI-compatible server that says what a test wants it to say."""

    url: str
    status: int = 200
    answer: object = GOOD
    requests: list[dict[str, object]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def body(self) -> bytes:
        if isinstance(self.answer, bytes):
            return self.answer
        message = {"role": "assistant", "content": self.answer}
        return json.dumps({"choices": [{"index": 0, "message": message}]}).encode()


@pytest.fixture
def fake() -> Iterator[FakeModel]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            model.requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            model.keys.append(self.headers["authorization"])
            model.paths.append(self.path)
            model.release.wait(10)
            content = model.body()
            self.send_response(model.status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    model = FakeModel(f"http://127.0.0.1:{server.server_address[1]}/v1")
    model.release.set()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield model
    model.release.set()
    server.shutdown()
    server.server_close()


def client(model: FakeModel | None) -> HTTPClient:
    allowed = [] if model is None else [model.url.removeprefix("http://").removesuffix("/v1")]
    return HTTPClient(
        AddressPolicy.allowing(allowed), user_agent="test", limits=ClientLimits(timeout_s=5)
    )


def summarise(model: FakeModel, sources: list[SourceText] | None = None) -> WrittenSummary:
    endpoint = ModelEndpoint(model.url, "qwen-test", "secret-key")
    return EventSummariser(client(model), endpoint).summarise(sources or SOURCES, NOW)


def test_a_cited_summary_is_shown_with_label_model_and_time(fake: FakeModel) -> None:
    found = summarise(fake)
    assert (found.origin, found.label, found.model, found.at, found.note) == (
        Origin.MODEL, LABEL, "qwen-test", NOW, None,
    )  # fmt: skip
    assert [(one.text, one.document_ids) for one in found.sentences] == [
        ("河湾市46名木工被拖欠工资约八十六万元。", (501,)),
        ("人社局已立案并责令总包支付。", (501, 502)),
    ]


def test_numbered_documents_and_the_key_are_sent_to_the_endpoint(fake: FakeModel) -> None:
    summarise(fake)
    (asked,) = fake.requests
    assert fake.paths == ["/v1/chat/completions"]
    assert fake.keys == ["Bearer secret-key"]
    assert asked["model"] == "qwen-test"
    messages = asked["messages"]
    assert isinstance(messages, list)
    documents = json.loads(messages[1]["content"])
    assert [one["编号"] for one in documents] == [1, 2]
    assert "木工" in documents[0]["原文"]


def test_no_more_than_twenty_documents_are_sent(fake: FakeModel) -> None:
    many = [SourceText(number, NOW, "", f"第{number}条原文说工资没发。") for number in range(60)]
    summarise(fake, many)
    messages = fake.requests[0]["messages"]
    assert isinstance(messages, list)
    assert len(json.loads(messages[1]["content"])) == MOST_DOCUMENTS


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("河湾市木工被拖欠工资。", "没有注明依据"),
        ("河湾市木工被拖欠工资[1]。人社局已经立案。", "没有注明依据"),
        ("河湾市木工被拖欠工资[3]。", "不存在的原文编号"),
        ("河湾市木工被拖欠工资[0]。", "不存在的原文编号"),
        ("河湾市九十名木工被拖欠工资[1]。", "没有的数字"),
        ("河湾市46名木工被拖欠工资[2]。", "没有的数字"),
        ("", "没有给出内容"),
        ("<think>先想一想[1]", "没有给出内容"),
        ("[1][2]", "没有给出内容"),
        ("工资没发[1]。" * 400, "太长"),
        (b"<html>", "不是有效的 JSON"),
        (b'{"choices": []}', "不是约定的格式"),
        (b'{"choices": [{"message": {"content": null}}]}', "不是约定的格式"),
    ],
)
def test_what_is_not_proved_is_refused_and_documents_are_quoted(
    fake: FakeModel, answer: object, says: str
) -> None:
    fake.answer = answer
    assert_quoted(summarise(fake), says)


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_an_error_of_the_service_falls_back_with_a_plain_note(fake: FakeModel, status: int) -> None:
    fake.status = status
    assert_quoted(summarise(fake), f"状态码 {status}")


def test_a_service_that_is_too_slow_falls_back(fake: FakeModel) -> None:
    fake.release.clear()
    now = iter(range(0, 10_000, 40))
    slow = HTTPClient(
        AddressPolicy.allowing(["127.0.0.0/8"]), user_agent="test", monotonic=lambda: next(now)
    )
    found = EventSummariser(slow, ModelEndpoint(fake.url, "m")).summarise(SOURCES, NOW)
    assert_quoted(found, "超时")


def test_an_internal_address_is_refused_unless_it_is_allowed_expressly(fake: FakeModel) -> None:
    found = EventSummariser(client(None), ModelEndpoint(fake.url, "m")).summarise(SOURCES, NOW)
    assert_quoted(found, "模型摘要没有生成")
    assert fake.requests == []


def assert_quoted(found: WrittenSummary, says: str) -> None:
    assert (found.origin, found.label, found.model) == (Origin.EXTRACTIVE, None, None)
    assert found.note is not None
    assert says in found.note
    assert "secret-key" not in found.note
    texts = {one.document_id: f"{one.title}\n{one.text}" for one in SOURCES}
    assert found.sentences
    assert all(one.text in texts[one.document_ids[0]] for one in found.sentences)


def test_without_an_endpoint_documents_are_quoted_without_a_note() -> None:
    found = EventSummariser(client(None), None).summarise(SOURCES, NOW)
    assert (found.origin, found.note) == (Origin.EXTRACTIVE, None)


def test_the_digest_changes_with_the_texts_and_the_model() -> None:
    plain = EventSummariser(client(None), None)
    model = EventSummariser(client(None), ModelEndpoint("https://llm.example/v1", "m"))
    assert plain.digest(SOURCES) == plain.digest(list(reversed(SOURCES)))
    assert len({plain.digest(SOURCES), plain.digest(SOURCES[:1]), model.digest(SOURCES)}) == 3


@pytest.mark.parametrize(
    "answer",
    [
        "木工被拖欠工资【1】。",
        "木工被拖欠工资。[1]",
        "- 木工被拖欠工资［1］",
        "**木工被拖欠工资[1, 2]。**",
        "<think>材料里[9]说</think>\n木工被拖欠工资[1]。\n",
    ],
)
def test_usual_ways_to_write_a_citation_are_understood(answer: str) -> None:
    (found,) = cited_sentences(answer, SOURCES)
    assert found.text.startswith("木工被拖欠工资")
    assert found.document_ids[0] == 501


def test_a_number_the_model_invents_for_a_person_is_masked() -> None:
    source = SourceText(1, NOW, "", "电话13800138000")
    (found,) = cited_sentences("请拨打13800138000[1]。", [source])
    assert "13800138000" not in found.text


@given(st.text(st.sampled_from("工资拖欠木工。！\n [1]【2】[3]<think>*-"), max_size=60))
def test_any_answer_is_refused_or_cites_what_was_sent(answer: str) -> None:
    try:
        found = cited_sentences(answer, SOURCES)
    except ModelAnswerError:
        return
    assert found
    assert all(one.document_ids and set(one.document_ids) <= {501, 502} for one in found)


def test_the_feature_is_off_by_default_and_reads_its_key_from_a_file(tmp_path: Path) -> None:
    environment = {"ZHISHENG_HOME": str(tmp_path)}
    assert model_endpoint(load_settings(environment)) is None
    key = tmp_path / "key"
    key.write_text("abc\n", encoding="utf-8")
    environment |= {
        "ZHISHENG_LLM_URL": "https://llm.example/v1/",
        "ZHISHENG_LLM_MODEL": "qwen",
        "ZHISHENG_LLM_API_KEY_FILE": str(key),
    }
    endpoint = model_endpoint(load_settings(environment))
    assert endpoint == ModelEndpoint("https://llm.example/v1", "qwen", "abc")
    assert "abc" not in repr(endpoint)
    settings = load_settings(environment)
    key.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigurationError, match="模型摘要没有启用"):
        model_endpoint(settings)


def test_the_record_can_be_stored(fake: FakeModel) -> None:
    stored = summarise(fake).to_json()
    assert stored["label"] == LABEL
    assert stored["sentences"] == [
        {"text": "河湾市46名木工被拖欠工资约八十六万元。", "document_ids": ["501"]},
        {"text": "人社局已立案并责令总包支付。", "document_ids": ["501", "502"]},
    ]
