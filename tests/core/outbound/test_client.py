"""The client against a real server that misbehaves."""

import datetime as dt
import gzip
import json
import socket
import ssl
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.outbound.address_policy import AddressPolicy
from core.outbound.bodies import FilePart, FormBody, JSONBody, MultipartBody, RawBody
from core.outbound.client import ClientLimits, HTTPClient
from core.outbound.errors import (
    AddressRefusedError,
    RequestError,
    RequestOutcome,
    ResponseTooLargeError,
    ResponseUnreadableError,
)
from core.outbound.rate import HostRate
from tests.core.outbound.hostile_server import (
    HostileServer,
    cut_in_the_body,
    drop_after_request,
    endless_body,
    redirect,
    reply,
)

LIMITS = ClientLimits(timeout_s=5, connect_timeout_s=2, max_bytes=100_000, max_redirects=3)
SECRET = "s3cr3t-token-0123456789"


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


@pytest.fixture
def client(server: HostileServer) -> HTTPClient:
    policy = AddressPolicy.allowing([f"127.0.0.1:{server.port}"])
    return HTTPClient(policy, user_agent="zhisheng-test", limits=LIMITS)


def test_answer_of_any_status_is_returned(server: HostileServer, client: HTTPClient) -> None:
    server.scripts["/a"] = reply(
        "你好".encode("gb18030"),
        status="418 Teapot",
        headers=("Content-Type: text/html; charset=gb18030",),
    )
    response = client.request("GET", server.url("/a"), params={"q": "工会"})
    assert (response.status, response.is_success, response.text) == (418, False, "你好")
    assert server.requests[0].startswith(b"GET /a?q=%E5%B7%A5%E4%BC%9A HTTP/1.1\r\n")
    assert b"zhisheng-test" in server.requests[0]


def test_chinese_json_travels_as_characters(server: HostileServer, client: HTTPClient) -> None:
    server.scripts["/j"] = reply(b'{"errcode": 0}')
    value = {"title": "职工"}
    response = client.request("POST", server.url("/j"), body=JSONBody(value))
    client.request("POST", server.url("/j"), body=JSONBody(value, ensure_ascii=True))
    assert response.json() == {"errcode": 0}
    assert server.requests[0].endswith('{"title":"职工"}'.encode())
    assert server.requests[1].endswith(rb'{"title":"\u804c\u5de5"}')


def test_forms_files_and_raw_bytes_are_sent(server: HostileServer, client: HTTPClient) -> None:
    server.scripts["/b"] = reply()
    url = server.url("/b")
    client.request("POST", url, body=FormBody({"text": "工资 1"}))
    client.request(
        "POST",
        url,
        body=MultipartBody(
            (FilePart("media", "图.png", b"\x89PNG", "image/png"),), {"kind": "image"}
        ),
    )
    client.request("PUT", url, body=RawBody(b"<a/>", "text/xml"))
    form, multipart, raw = server.requests
    assert form.endswith(b"text=%E5%B7%A5%E8%B5%84+1")
    assert b'name="media"' in multipart
    assert b"\x89PNG" in multipart
    assert b'name="kind"' in multipart
    assert raw.endswith(b"<a/>")
    assert b"text/xml" in raw


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/",
        "http://10.0.0.1/",
        "http://[::ffff:169.254.169.254]/latest",
        "file:///etc/passwd",
        "ftp://example.com/",
        "//0x7f.1/",
        "http://user:pw@127.0.0.1/",
    ],
)
def test_redirect_to_a_refused_address_is_not_followed(
    server: HostileServer, client: HTTPClient, location: str
) -> None:
    server.scripts["/r"] = redirect(location)
    with pytest.raises(AddressRefusedError):
        client.request("GET", server.url("/r"))
    assert len(server.requests) == 1


def test_redirects_are_followed_up_to_the_limit(server: HostileServer, client: HTTPClient) -> None:
    server.scripts |= {"/1": redirect("/2"), "/2": redirect("/3"), "/3": reply(b"end")}
    response = client.request("GET", server.url("/1"))
    assert response.content == b"end"
    assert response.url == server.url("/3")
    server.scripts["/loop"] = redirect("/loop")
    with pytest.raises(ResponseUnreadableError, match="跳转"):
        client.request("GET", server.url("/loop"))


def test_post_is_never_repeated_by_a_redirect(server: HostileServer, client: HTTPClient) -> None:
    server.scripts["/p"] = redirect("/q", "307 Temporary Redirect")
    response = client.request("POST", server.url("/p"), body=JSONBody({}))
    assert response.status == 307
    assert len(server.requests) == 1


def test_credentials_stay_behind_when_a_redirect_leaves_the_host(server: HostileServer) -> None:
    with HostileServer() as other:
        policy = AddressPolicy.allowing(["127.0.0.0/8"])
        client = HTTPClient(policy, user_agent="ua", limits=LIMITS)
        other.scripts["/in"] = reply()
        server.scripts |= {"/out": redirect(other.url("/in")), "/same": redirect("/kept")}
        headers = {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET, "Cookie": SECRET}
        client.request("GET", server.url("/out"), headers=headers)
        client.request("GET", server.url("/same"), headers=headers)
    assert SECRET.encode() not in other.requests[0]
    assert SECRET.encode() in server.requests[2]


def packed(content: bytes) -> bytes:
    """Compress without the time of day, which would give a test another name in every second."""
    return gzip.compress(content, mtime=0)


def bomb() -> bytes:
    return gzip.compress(b"\0" * 50_000_000)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"x" * 100_001, ()),
        (bomb(), ("Content-Encoding: gzip",)),
        (zlib.compress(b"\0" * 50_000_000), ("Content-Encoding: deflate",)),
        (gzip.compress(b"\0" * 60_000) * 2, ("Content-Encoding: gzip",)),
    ],
    ids=["plain", "gzip bomb", "deflate bomb", "two gzip members"],
)
def test_body_over_the_limit_is_refused(
    server: HostileServer, client: HTTPClient, body: bytes, headers: tuple[str, ...]
) -> None:
    server.scripts["/big"] = reply(body, headers=headers)
    with pytest.raises(ResponseTooLargeError, match="上限"):
        client.request("GET", server.url("/big"))


def test_endless_body_is_cut_off(server: HostileServer, client: HTTPClient) -> None:
    server.scripts["/endless"] = endless_body
    with pytest.raises(ResponseTooLargeError):
        client.request("GET", server.url("/endless"))


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (packed(b"ok"), "gzip"),
        (packed(b"o") + packed(b"k") + b"\0\0", "x-gzip"),
        (zlib.compress(b"ok"), "deflate"),
        (zlib.compress(b"ok", wbits=-15), "deflate"),
        (b"ok", "identity"),
    ],
)
def test_compressed_body_is_read(
    server: HostileServer, client: HTTPClient, body: bytes, encoding: str
) -> None:
    server.scripts["/z"] = reply(body, headers=(f"Content-Encoding: {encoding}",))
    assert client.request("GET", server.url("/z")).content == b"ok"


def test_body_of_exactly_the_limit_is_read(server: HostileServer, client: HTTPClient) -> None:
    server.scripts["/z"] = reply(
        gzip.compress(b"x" * LIMITS.max_bytes), headers=("Content-Encoding: gzip",)
    )
    assert len(client.request("GET", server.url("/z")).content) == LIMITS.max_bytes


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"\x1f\x8bjunk", "gzip"),
        (packed(b"x" * 99)[:-12], "gzip"),
        (b"a", "br"),
        (b"a", "gzip, gzip"),
    ],
)
def test_unreadable_encoding_is_refused(
    server: HostileServer, client: HTTPClient, body: bytes, encoding: str
) -> None:
    server.scripts["/z"] = reply(body, headers=(f"Content-Encoding: {encoding}",))
    with pytest.raises(ResponseUnreadableError):
        client.request("GET", server.url("/z"))


@pytest.mark.parametrize("script", ["drip", "silence"])
def test_deadline_holds_against_a_slow_server(
    server: HostileServer, client: HTTPClient, script: str
) -> None:
    server.scripts["/slow"] = server.drip if script == "drip" else server.silence
    with pytest.raises(RequestError, match="超时") as caught:
        client.request("POST", server.url("/slow"), timeout_s=0.4)
    assert caught.value.outcome is RequestOutcome.UNKNOWN
    assert caught.value.retryable


@pytest.mark.parametrize("script", [drop_after_request, cut_in_the_body])
def test_connection_lost_after_the_request_leaves_the_outcome_unknown(
    server: HostileServer, client: HTTPClient, script: object
) -> None:
    server.scripts["/lost"] = (
        drop_after_request if script is drop_after_request else cut_in_the_body
    )
    with pytest.raises(RequestError, match="可能已经送达") as caught:
        client.request("POST", server.url("/lost"), body=JSONBody({}))
    assert caught.value.outcome is RequestOutcome.UNKNOWN


def test_refused_connection_is_provably_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = HTTPClient(AddressPolicy.allowing(["127.0.0.0/8"]), user_agent="ua", limits=LIMITS)
    with pytest.raises(RequestError, match="没有发出") as caught:
        client.request("POST", f"http://127.0.0.1:{port}/")
    assert caught.value.is_provably_not_sent
    assert caught.value.retryable


def test_unknown_host_is_provably_not_sent() -> None:
    policy = AddressPolicy.allowing(resolver=lambda _host, _port: [])
    client = HTTPClient(policy, user_agent="ua", limits=LIMITS)
    with pytest.raises(RequestError) as caught:
        client.request("POST", "http://nowhere.example/")
    assert caught.value.is_provably_not_sent


def test_header_that_cannot_be_sent_is_provably_not_sent(
    server: HostileServer, client: HTTPClient
) -> None:
    with pytest.raises(RequestError) as caught:
        client.request("POST", server.url("/"), headers={"X-Bad": "a\r\nX-Injected: b"})
    assert caught.value.is_provably_not_sent
    assert server.requests == []


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_failed_tls_is_provably_not_sent(tmp_path: Path, server: HostileServer) -> None:
    client = HTTPClient(AddressPolicy.allowing(["127.0.0.0/8"]), user_agent="ua", limits=LIMITS)
    with HostileServer(self_signed(tmp_path)) as untrusted:
        with pytest.raises(RequestError, match="证书") as caught:
            client.request("POST", untrusted.url("/", scheme="https"), body=JSONBody({"a": SECRET}))
        assert untrusted.requests == []
    assert caught.value.is_provably_not_sent
    assert not caught.value.retryable
    with pytest.raises(RequestError) as plain:
        client.request("POST", server.url("/", scheme="https"))
    assert plain.value.is_provably_not_sent


def test_name_that_changes_its_address_is_pinned_to_the_checked_one(server: HostileServer) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]])
    policy = AddressPolicy.allowing(["127.0.0.0/8"], resolver=lambda _host, _port: next(answers))
    client = HTTPClient(policy, user_agent="ua", limits=LIMITS)
    server.scripts["/"] = reply(b"ok")
    assert client.request("GET", server.url("/", host="rebind.example")).content == b"ok"
    with pytest.raises(AddressRefusedError):
        client.request("GET", server.url("/", host="rebind.example"))
    assert len(server.requests) == 1


def test_next_address_is_tried_when_the_first_is_dead(server: HostileServer) -> None:
    policy = AddressPolicy.allowing(
        ["127.0.0.0/8"], resolver=lambda _host, _port: ["127.0.0.9", "127.0.0.1"]
    )
    server.scripts["/"] = reply(b"ok")
    client = HTTPClient(policy, user_agent="ua", limits=LIMITS)
    assert client.request("GET", server.url("/", host="two.example")).content == b"ok"


def test_secrets_appear_in_no_message(
    server: HostileServer, client: HTTPClient, capsys: pytest.CaptureFixture[str]
) -> None:
    server.scripts["/lost"] = drop_after_request
    server.scripts["/html"] = reply(b"<html>")
    params = {"access_token": SECRET, "appid": "wx1"}
    with pytest.raises(RequestError) as lost:
        client.request(
            "POST", server.url("/lost"), params=params, body=JSONBody({"secret": SECRET})
        )
    response = client.request("GET", server.url("/html"), params=params)
    with pytest.raises(ResponseUnreadableError) as unreadable:
        response.json()
    printed = capsys.readouterr()
    everything = f"{lost.value} {unreadable.value} {response!r} {JSONBody(SECRET)!r}{printed}"
    assert SECRET not in everything
    assert "access_token=***" in str(unreadable.value)
    cause = lost.value.__cause__
    assert SECRET not in f"{cause!r} {cause}"


def test_rate_spreads_requests_to_one_host(server: HostileServer) -> None:
    seconds = 0.0
    waits: list[float] = []

    def sleep(wait: float) -> None:
        nonlocal seconds
        waits.append(round(wait, 6))
        seconds += wait

    rate = HostRate(2, burst=2, monotonic=lambda: seconds)
    client = HTTPClient(
        AddressPolicy.allowing(["127.0.0.0/8"]),
        user_agent="ua",
        monotonic=lambda: seconds,
        sleep=sleep,
        limits=LIMITS,
        rate=rate,
    )
    for _ in range(4):
        client.request("GET", server.url("/"))
    assert waits == [0.5, 0.5]
    with pytest.raises(RequestError, match="频率") as caught:
        client.request("GET", server.url("/"), timeout_s=0.1)
    assert caught.value.is_provably_not_sent


def test_answer_that_is_no_json_is_reported(server: HostileServer, client: HTTPClient) -> None:
    server.scripts["/deep"] = reply(b"[" * 90_000)
    with pytest.raises(ResponseUnreadableError, match="JSON"):
        client.request("GET", server.url("/deep")).json()
    server.scripts["/good"] = reply(json.dumps([1]).encode())
    assert client.request("GET", server.url("/good")).json() == [1]
