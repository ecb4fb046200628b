"""Which addresses the product may talk to.

Host names are judged by the addresses they resolve to, and connections go to exactly the address
that was judged: neither an odd spelling nor a second DNS answer leads to an internal service.
"""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeAlias
from urllib.parse import urlsplit

from core.errors import ConfigurationError
from core.outbound.errors import AddressRefusedError, RefusalReason, ResolutionError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver: TypeAlias = Callable[[str, int], Sequence[str]]

DEFAULT_PORTS = {"http": 80, "https": 443}
RESOLUTION_TIMEOUT_S = 10.0

# Ranges that `is_global` of some supported Python version calls global, or that are global on
# paper and internal in practice (the host agent of Azure, site-local and local-use NAT64).
_ALSO_INTERNAL = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",
        "64:ff9b:1::/48",
        "5f00::/16",
        "fec0::/10",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def system_addresses(host: str, port: int) -> Sequence[str]:
    """Ask the operating system, in a thread because it offers no time-out of its own."""
    answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answers.put(error)
        else:
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=RESOLUTION_TIMEOUT_S)
    except queue.Empty:
        raise ResolutionError(
            f"域名 {host} 在 {RESOLUTION_TIMEOUT_S:.0f} 秒内没有解析出来"
        ) from None
    if isinstance(answer, (OSError, UnicodeError)):
        raise ResolutionError(f"域名 {host} 无法解析") from answer
    return answer


@dataclass(frozen=True, slots=True)
class Endpoint:
    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Allows global addresses on ``ports``, and what the allow-list names expressly.

    ``ports`` binds URLs only; ``resolve`` is also used for SMTP and checks addresses alone.
    """

    networks: tuple[Network, ...] = ()
    endpoints: frozenset[tuple[str, int]] = frozenset()
    ports: frozenset[int] = frozenset({80, 443})
    resolver: Resolver = field(default=system_addresses, repr=False)

    @classmethod
    def allowing(
        cls,
        entries: Iterable[str] = (),
        *,
        ports: Iterable[int] = (80, 443),
        resolver: Resolver = system_addresses,
    ) -> Self:
        """Read an allow-list of ``host:port``, addresses and networks such as ``127.0.0.0/8``.

        Raises ConfigurationError that names the entry it cannot read.
        """
        networks: list[Network] = []
        endpoints: set[tuple[str, int]] = set()
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry))
            except ValueError:
                endpoints.add(_endpoint_entry(entry))
        return cls(
            networks=tuple(networks),
            endpoints=frozenset(endpoints),
            ports=frozenset(ports),
            resolver=resolver,
        )

    def check_url(self, url: str) -> Endpoint:
        """Judge what can be judged without DNS; raise AddressRefusedError."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise AddressRefusedError("地址的写法不正确。", reason=RefusalReason.HOST) from None
        scheme = parts.scheme.lower()
        if scheme not in DEFAULT_PORTS:
            raise AddressRefusedError(
                f"只能访问 http 和 https 地址，不能访问 {scheme or '没有协议的'} 地址。",
                reason=RefusalReason.SCHEME,
            )
        if parts.username is not None or parts.password is not None:
            raise AddressRefusedError(
                "地址中不能带用户名和密码。", reason=RefusalReason.CREDENTIALS
            )
        host = _bare_host(parts.hostname or "")
        if not host:
            raise AddressRefusedError("地址中没有主机名。", reason=RefusalReason.HOST)
        endpoint = Endpoint(scheme=scheme, host=host, port=port or DEFAULT_PORTS[scheme])
        self._check_port(endpoint)
        literal = _literal(host)
        if literal is not None:
            self._require(literal, endpoint.host, endpoint.port)
        return endpoint

    def _check_port(self, endpoint: Endpoint) -> None:
        if endpoint.port in self.ports or (endpoint.host, endpoint.port) in self.endpoints:
            return
        literal = _literal(endpoint.host)
        if self.networks and (literal is None or self._is_listed(literal, "", endpoint.port)):
            # A name may still resolve into an allowed network; `resolve` judges that.
            return
        allowed = "、".join(str(port) for port in sorted(self.ports))
        raise AddressRefusedError(
            f"不能访问端口 {endpoint.port}，允许的端口是 {allowed}。", reason=RefusalReason.PORT
        )

    def resolve(self, host: str, port: int, *, for_url: bool = False) -> list[str]:
        """Return the allowed addresses of a host, in the resolver's order; connect only to these.

        ``for_url`` also holds the answer to ``ports``. Raises AddressRefusedError when none is
        allowed and ResolutionError when there is no answer.
        """
        name = _bare_host(host)
        literal = _literal(name)
        found = [literal] if literal is not None else _parsed(self.resolver(name, port))
        if not found:
            raise ResolutionError(f"域名 {name} 没有地址")
        allowed = [
            address
            for address in found
            if self.refusal(address, host=name, port=port, for_url=for_url) is None
        ]
        if not allowed:
            self._require(found[0], name, port)
            raise AddressRefusedError(f"不能访问端口 {port}。", reason=RefusalReason.PORT)
        return [str(address) for address in allowed]

    def refusal(
        self, address: Address | str, *, host: str, port: int, for_url: bool = False
    ) -> RefusalReason | None:
        """Answer why an address may not be connected to, or None when it may."""
        if isinstance(address, str):
            address = ipaddress.ip_address(address.split("%", 1)[0])
        if self._is_listed(address, _bare_host(host), port):
            return None
        if not is_global(address):
            return RefusalReason.NOT_GLOBAL
        if for_url and port not in self.ports:
            return RefusalReason.PORT
        return None

    def _is_listed(self, address: Address, host: str, port: int) -> bool:
        if (host, port) in self.endpoints or (str(address), port) in self.endpoints:
            return True
        spellings = (address, _embedded_ipv4(address) or address)
        return any(spelling in network for network in self.networks for spelling in spellings)

    def _require(self, address: Address, host: str, port: int) -> None:
        if self.refusal(address, host=host, port=port) is not None:
            raise AddressRefusedError(
                f"主机 {host} 指向内部地址，为保护内部网络没有访问。"
                "如确需访问，请管理员把它加入允许的地址。",
                reason=RefusalReason.NOT_GLOBAL,
            )


def is_global(address: Address) -> bool:
    """Tell whether an address, and every address wrapped in it, is a public unicast address."""
    wrapped = _embedded_ipv4(address)
    if wrapped is not None:
        return is_global(wrapped)
    if isinstance(address, ipaddress.IPv6Address) and address.teredo is not None:
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _ALSO_INTERNAL)
    )


def _embedded_ipv4(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _bare_host(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return None


def _parsed(found: Sequence[str]) -> list[Address]:
    return [ipaddress.ip_address(text.split("%", 1)[0]) for text in found]


def _endpoint_entry(entry: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{entry}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.path:
        raise ConfigurationError(
            f"允许的地址“{entry}”无法识别，应写成“主机:端口”或网段，例如 127.0.0.1:8025、10.2.0.0/16。"
        )
    return _bare_host(host), port
