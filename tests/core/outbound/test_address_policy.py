"""No spelling of an internal address gets through; the allow-list opens exactly what it names."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigurationError
from core.outbound.address_policy import AddressPolicy, is_global
from core.outbound.errors import AddressRefusedError, RefusalReason, ResolutionError

PUBLIC = "93.184.216.34"


def addresses_of(url: str) -> list[str]:
    policy = AddressPolicy()
    endpoint = policy.check_url(url)
    return policy.resolve(endpoint.host, endpoint.port)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",  # noqa: S104 - an address to refuse, not one to listen on
        "localhost",
        "LOCALHOST.",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1%25eth0]",
        "[fe80::1]",
        "[fec0::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.100.100.200",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_internal_address_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises((AddressRefusedError, ResolutionError)):
        addresses_of(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", RefusalReason.SCHEME),
        ("FILE:///etc/passwd", RefusalReason.SCHEME),
        ("ftp://example.com/a", RefusalReason.SCHEME),
        ("data:text/html,a", RefusalReason.SCHEME),
        ("gopher://example.com/", RefusalReason.SCHEME),
        ("//example.com/", RefusalReason.SCHEME),
        ("example.com", RefusalReason.SCHEME),
        ("", RefusalReason.SCHEME),
        ("http://user@example.com/", RefusalReason.CREDENTIALS),
        ("http://example.com@127.0.0.1/", RefusalReason.CREDENTIALS),
        ("http:///path", RefusalReason.HOST),
        ("http://example.com:99999/", RefusalReason.HOST),
        ("http://[::1/", RefusalReason.HOST),
        ("http://example.com:22/", RefusalReason.PORT),
        ("http://example.com:6379/", RefusalReason.PORT),
        ("http://10.1.2.3/", RefusalReason.NOT_GLOBAL),
    ],
)
def test_refused_url_says_why(url: str, reason: RefusalReason) -> None:
    with pytest.raises(AddressRefusedError) as caught:
        AddressPolicy().check_url(url)
    assert caught.value.reason is reason


def test_public_host_is_resolved_to_its_checked_addresses() -> None:
    policy = AddressPolicy(resolver=lambda _host, _port: [PUBLIC, "10.0.0.1"])
    endpoint = policy.check_url("https://News.Example.com/a?b=1")
    assert (endpoint.scheme, endpoint.host, endpoint.port) == ("https", "news.example.com", 443)
    assert policy.resolve(endpoint.host, endpoint.port) == [PUBLIC]


def test_name_that_points_inside_is_refused() -> None:
    policy = AddressPolicy(resolver=lambda _host, _port: ["192.168.0.7"])
    with pytest.raises(AddressRefusedError, match="内部地址") as caught:
        policy.resolve("inside.example.com", 80)
    assert caught.value.reason is RefusalReason.NOT_GLOBAL


def test_endpoint_entry_opens_one_port_only() -> None:
    policy = AddressPolicy.allowing(["127.0.0.1:8025"])
    assert policy.resolve("127.0.0.1", 8025) == ["127.0.0.1"]
    policy.check_url("http://127.0.0.1:8025/")
    for url in ("http://127.0.0.1:8026/", "http://127.0.0.1/", "http://127.0.0.2:8025/"):
        with pytest.raises(AddressRefusedError):
            policy.check_url(url)


def test_named_entry_opens_the_name_wherever_it_points() -> None:
    policy = AddressPolicy.allowing(["erp.intra:8080"], resolver=lambda _host, _port: ["10.9.8.7"])
    assert policy.resolve("erp.intra", 8080, for_url=True) == ["10.9.8.7"]
    with pytest.raises(AddressRefusedError):
        policy.resolve("other.intra", 8080, for_url=True)


def test_network_entry_opens_its_addresses_on_every_port() -> None:
    policy = AddressPolicy.allowing(["127.0.0.0/8", "::1"])
    for host, port in (("127.0.0.1", 5), ("127.1", 6), ("::1", 7), ("::ffff:127.0.0.1", 8)):
        policy.check_url(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
        assert policy.resolve(host, port, for_url=True)
    with pytest.raises(AddressRefusedError):
        policy.resolve("10.0.0.1", 80)


def test_port_of_a_public_name_stays_closed_beside_an_open_network() -> None:
    policy = AddressPolicy.allowing(["127.0.0.0/8"], resolver=lambda _host, _port: [PUBLIC])
    policy.check_url("http://news.example.com:6379/")
    with pytest.raises(AddressRefusedError) as caught:
        policy.resolve("news.example.com", 6379, for_url=True)
    assert caught.value.reason is RefusalReason.PORT
    # Mail servers listen elsewhere; only URLs are held to the ports.
    assert policy.resolve("mail.example.com", 587) == [PUBLIC]


@pytest.mark.parametrize("entry", ["", "localhost", "10.0.0.0/33", "a:b", "http://a:1/", "a:1/b"])
def test_unreadable_entry_is_named(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="允许的地址"):
        AddressPolicy.allowing([entry])


@given(st.ip_addresses(v=4))
def test_wrapped_address_is_judged_like_the_bare_one(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(address))
    assert is_global(mapped) == is_global(address) == is_global(translated)


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=6, network="fc00::/7"))
def test_private_address_is_never_global(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert not is_global(address)
