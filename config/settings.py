"""Settings of one process: environment first, then an optional TOML file, then defaults.

``ZHISHENG_CONFIG`` names the TOML file (default ``HOME/zhisheng.toml``); its keys are the names below in
lower case. All faults are reported together.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

PREFIX = "ZHISHENG_"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
HIGHEST_PORT = 65_535
MOST_REPLICAS = 5


class SettingsError(Exception):
    """One Chinese sentence per fault, each naming the setting, its value and what is allowed."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process is told from outside.

    ``allowed_addresses`` are ``host:port`` or networks that outgoing requests may reach although they are
    not public; demo mode adds its own loopback services. ``elasticsearch_url`` may name several nodes of a
    cluster, separated by commas; ``elasticsearch_replicas`` None leaves the number to the cluster.
    """

    home: Path
    demo: bool
    database_url: str | None
    elasticsearch_url: str | None
    elasticsearch_api_key_file: Path | None
    elasticsearch_ca_file: Path | None
    elasticsearch_plain_text: bool
    elasticsearch_replicas: int | None
    master_key_file: Path
    bind: str
    port: int
    public_url: str
    plain_http: bool
    trusted_proxies: tuple[str, ...]
    allowed_addresses: tuple[str, ...]
    llm_url: str | None
    llm_model: str | None
    llm_api_key_file: Path | None
    contact: str
    rsshub_url: str
    newsnow_url: str
    require_second_factor: bool
    log_level: str
    log_json: bool
    fault: str | None

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")


class _Reader:
    """Looks names up, converts them, and collects what was wrong."""

    def __init__(self, environment: Mapping[str, str], file: Mapping[str, object]) -> None:
        self._environment = environment
        self._file = file
        self.faults: list[str] = []
        self.asked: set[str] = set()

    def text(self, name: str, default: str) -> str:
        return self.optional(name) or default

    def optional(self, name: str) -> str | None:
        self.asked.add(name)
        value = self._environment.get(PREFIX + name.upper())
        if value is None and name in self._file:
            found = self._file[name]
            value = ",".join(map(str, found)) if isinstance(found, list) else str(found)
        return value.strip() if value and value.strip() else None

    def flag(self, name: str, *, default: bool) -> bool:
        value = (self.optional(name) or str(default)).lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value not in {"0", "false", "no", "off"}:
            self.fault(name, value, "1 或 0")
        return False

    def checked(self, name: str, default: str, check: Callable[[str], bool], allowed: str) -> str:
        value = self.text(name, default)
        if not check(value):
            self.fault(name, value, allowed)
            return default
        return value

    def path(self, name: str) -> Path | None:
        value = self.optional(name)
        if value is None:
            return None
        path = Path(value).expanduser()
        if not path.is_file():
            self.fault(name, value, "一个存在的文件")
        return path

    def listed(self, name: str, check: Callable[[str], bool], allowed: str) -> tuple[str, ...]:
        items = tuple(item.strip() for item in self.text(name, "").split(",") if item.strip())
        for item in items:
            if not check(item):
                self.fault(name, item, allowed)
        return items

    def refuse_unknown(self) -> None:
        for name in sorted(set(self._file) - self.asked):
            self.faults.append(f"配置文件里有不认识的项「{name}」。")

    def fault(self, name: str, value: str, allowed: str) -> None:
        self.faults.append(f"{PREFIX}{name.upper()} 的值「{value}」不对，应为{allowed}。")


def default_home(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_DATA_HOME") or str(
        Path(environment.get("HOME", "~")).expanduser() / ".local/share"
    )
    return Path(base) / "zhisheng"


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read all settings; raises SettingsError naming every fault at once."""
    home = (
        Path(environment.get("ZHISHENG_HOME") or default_home(environment)).expanduser().absolute()
    )
    reader = _Reader(environment, _read_file(environment, home))
    reader.asked |= {"home", "config"}
    bind = reader.checked("bind", "127.0.0.1", _is_address, "一个 IP 地址，如 127.0.0.1")
    port = int(reader.checked("port", "8400", _is_port, f"1 到 {HIGHEST_PORT} 之间的端口号"))
    settings = Settings(
        home=home,
        demo=reader.flag("demo", default=False),
        database_url=_database_url(reader),
        elasticsearch_url=_node_urls(reader, "elasticsearch_url"),
        elasticsearch_api_key_file=reader.path("elasticsearch_api_key_file"),
        elasticsearch_ca_file=reader.path("elasticsearch_ca_file"),
        elasticsearch_plain_text=reader.flag("elasticsearch_plain_text", default=False),
        elasticsearch_replicas=_replicas(reader),
        master_key_file=Path(
            reader.text("master_key_file", str(home / "keys" / "master.key"))
        ).expanduser(),
        bind=bind,
        port=port,
        public_url=_public_url(reader, bind, port),
        plain_http=reader.flag("plain_http", default=False),
        trusted_proxies=reader.listed("trusted_proxies", _is_address, "IP 地址，多个用逗号分开"),
        allowed_addresses=reader.listed(
            "allowed_addresses", _is_allowed_entry, "「主机:端口」或网段，多个用逗号分开"
        ),
        llm_url=_optional_url(reader, "llm_url"),
        llm_model=reader.optional("llm_model"),
        llm_api_key_file=reader.path("llm_api_key_file"),
        contact=reader.text("contact", ""),
        rsshub_url=_service_url(reader, "rsshub_url", "https://rsshub.app"),
        newsnow_url=_service_url(reader, "newsnow_url", "https://newsnow.busiyi.world"),
        require_second_factor=reader.flag("require_second_factor", default=False),
        log_level=reader.checked(
            "log_level", "INFO", LOG_LEVELS.__contains__, "、".join(LOG_LEVELS)
        ),
        log_json=reader.flag("log_json", default=False),
        fault=reader.optional("fault"),
    )
    _check_together(reader, settings)
    _check_llm(reader, settings)
    reader.refuse_unknown()
    if reader.faults:
        raise SettingsError(reader.faults)
    return settings


def _read_file(environment: Mapping[str, str], home: Path) -> Mapping[str, object]:
    named = environment.get("ZHISHENG_CONFIG")
    path = Path(named).expanduser() if named else home / "zhisheng.toml"
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        if named:
            raise SettingsError([f"ZHISHENG_CONFIG 指的文件「{path}」不存在。"]) from None
        return {}
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"配置文件「{path}」不是正确的 TOML：{error}"]) from error
    except OSError as error:
        raise SettingsError([f"配置文件「{path}」读不了：{error.strerror}"]) from error


def _check_together(reader: _Reader, settings: Settings) -> None:
    if settings.demo and settings.database_url:
        reader.faults.append(
            "演练模式只用自带的数据库：请去掉 ZHISHENG_DATABASE_URL，或设 ZHISHENG_DEMO=0。"
        )
    loopback_bind = _is_loopback(settings.bind)
    if not settings.is_https and not loopback_bind and not settings.plain_http:
        reader.faults.append(
            "ZHISHENG_BIND 不是本机地址，而 ZHISHENG_PUBLIC_URL 不是 https：口令会明文传输。"
            "请把 ZHISHENG_PUBLIC_URL 设为 https 网址，或明知风险时设 ZHISHENG_PLAIN_HTTP=1。"
        )
    urls = (settings.elasticsearch_url or "").split(",")
    plain = [urlsplit(url).hostname or "" for url in urls if _is_plain(url)]
    is_exposed = any(host != "localhost" and not _is_loopback(host) for host in plain)
    if is_exposed and not settings.elasticsearch_plain_text:
        reader.faults.append(
            "ZHISHENG_ELASTICSEARCH_URL 用明文连接别的机器。请改用 https，或设 ZHISHENG_ELASTICSEARCH_PLAIN_TEXT=1。"
        )


def _check_llm(reader: _Reader, settings: Settings) -> None:
    if settings.llm_url is None:
        return
    if settings.llm_model is None:
        reader.faults.append("设了 ZHISHENG_LLM_URL，还要用 ZHISHENG_LLM_MODEL 写明模型的名称。")
    parts = urlsplit(settings.llm_url)
    if parts.username is not None or parts.query:
        # The value may hold a key, so it is not repeated.
        reader.faults.append(
            "ZHISHENG_LLM_URL 里不能带用户名、口令或参数；密钥请放进 ZHISHENG_LLM_API_KEY_FILE 指的文件。"
        )
    if parts.scheme == "http" and not _is_listed(parts.hostname or "", parts.port or 80, settings):
        reader.faults.append(
            "ZHISHENG_LLM_URL 是明文地址，只能是本单位内网里的服务：请把它的「主机:端口」或网段写进 "
            "ZHISHENG_ALLOWED_ADDRESSES，或改用 https。"
        )


def _is_listed(host: str, port: int, settings: Settings) -> bool:
    allowed = settings.allowed_addresses
    if f"{host}:{port}" in allowed or f"[{host}]:{port}" in allowed:
        return True
    if not _is_address(host):
        return False
    networks = (ip_network(entry) for entry in allowed if _is_network(entry))
    return any(ip_address(host) in network for network in networks)


def _database_url(reader: _Reader) -> str | None:
    value = reader.optional("database_url")
    if value is None:
        return None
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        # The value may hold a password, so only its scheme is repeated.
        reader.fault("database_url", f"{scheme}://…", "以 postgresql:// 开头的地址")
    return f"postgresql+psycopg://{rest}"


def _optional_url(reader: _Reader, name: str) -> str | None:
    value = reader.optional(name)
    if value is not None and not _is_url(value):
        reader.fault(name, value, "以 http:// 或 https:// 开头的地址")
        return None
    return value


def _node_urls(reader: _Reader, name: str) -> str | None:
    """Read the addresses of one or more nodes; gives them joined by commas."""
    if "@" in reader.text(name, ""):
        # The value may hold a password, so it is not repeated.
        reader.faults.append(
            f"{PREFIX}{name.upper()} 里不能带用户名和口令；请把 API 密钥放进 "
            f"{PREFIX}ELASTICSEARCH_API_KEY_FILE 指的文件。"
        )
        return None
    urls = reader.listed(name, _is_url, "以 http:// 或 https:// 开头的地址，多个节点用逗号分开")
    return ",".join(urls) or None


def _replicas(reader: _Reader) -> int | None:
    value = reader.checked("elasticsearch_replicas", "auto", _is_replicas, "auto 或 0 到 5")
    return None if value == "auto" else int(value)


def _is_replicas(value: str) -> bool:
    return value == "auto" or (value.isdecimal() and int(value) <= MOST_REPLICAS)


def _public_url(reader: _Reader, bind: str, port: int) -> str:
    host = f"[{bind}]" if ":" in bind else bind
    default = f"http://{host}:{port}"
    return reader.checked(
        "public_url", default, _is_url, "以 http:// 或 https:// 开头的地址"
    ).rstrip("/")


def _service_url(reader: _Reader, name: str, default: str) -> str:
    value = reader.checked(name, default, _is_url, "以 http:// 或 https:// 开头的地址")
    return value.rstrip("/")


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        is_reachable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and is_reachable


def _is_plain(url: str) -> bool:
    return _is_url(url) and urlsplit(url).scheme == "http"


def _is_port(value: str) -> bool:
    return value.isdecimal() and 1 <= int(value) <= HIGHEST_PORT


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _is_loopback(value: str) -> bool:
    return _is_address(value) and ip_address(value).is_loopback


def _is_allowed_entry(value: str) -> bool:
    host, separator, port = value.rpartition(":")
    if separator and host and _is_port(port):
        return True
    return _is_network(value)


def _is_network(value: str) -> bool:
    try:
        ip_network(value)
    except ValueError:
        return False
    return True
