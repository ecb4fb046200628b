"""The way to an Elasticsearch cluster: addresses, key, certificates, and its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from elastic_transport import ConnectionTimeout, TlsError
from elastic_transport.client_utils import DEFAULT
from elasticsearch import ApiError, Elasticsearch, TransportError, UnsupportedProductError

from core.errors import ConfigurationError, StorageError, UnavailableError

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_BUSY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_SAFE = "数据没有丢失，恢复后会自动补上。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """`url` names one node, or several separated by commas: one that is down is passed over."""

    url: str
    api_key: str | None = None
    ca_certificates: Path | None = None
    allow_plain_text: bool = False
    timeout_s: float = 10.0


def connect(connection: Connection) -> Elasticsearch:
    """Make the client without talking to anybody; raises ConfigurationError for plain text beyond loopback."""
    urls = [url.strip() for url in connection.url.split(",") if url.strip()]
    for address in map(urlsplit, urls):
        is_plain = address.scheme == "http" and address.hostname not in _LOOPBACK
        if is_plain and not connection.allow_plain_text:
            raise ConfigurationError(
                f"Elasticsearch 地址 {address.hostname} 不在本机，却没有加密（http）；"
                "请改用 https，或在确认网络可信后明确允许明文。"
            )
    certificates = connection.ca_certificates
    return Elasticsearch(
        urls,
        api_key=connection.api_key,
        request_timeout=connection.timeout_s,
        # Each node is asked once; what a busy cluster answers is dealt with by the caller.
        max_retries=len(urls) - 1,
        retry_on_status=(),
        ca_certs=DEFAULT if certificates is None else str(certificates),
    )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the client's errors into ours, without the address, the key or the query in the message."""
    try:
        yield
    except TlsError as error:
        raise UnavailableError(
            "检索引擎 Elasticsearch 的证书没有通过验证，没有建立连接；请管理员检查 "
            f"ZHISHENG_ELASTICSEARCH_CA_FILE 和地址里的主机名。{_SAFE}"
        ) from error
    except ConnectionTimeout as error:
        raise UnavailableError(f"检索引擎 Elasticsearch 没有及时应答；{_SAFE}") from error
    except TransportError as error:
        raise UnavailableError(f"检索引擎 Elasticsearch 没有应答；{_SAFE}") from error
    except UnsupportedProductError as error:
        raise UnavailableError(
            "这个地址上应答的不是 Elasticsearch 9；请管理员检查 ZHISHENG_ELASTICSEARCH_URL。"
            f"{_SAFE}"
        ) from error
    except ApiError as error:
        raise _refusal(error.status_code) from error


def _refusal(status: int) -> StorageError:
    if status in _BUSY:
        return UnavailableError(f"检索引擎 Elasticsearch 正忙，请稍后再试；{_SAFE}")
    if status == HTTPStatus.UNAUTHORIZED:
        return UnavailableError(
            "检索引擎 Elasticsearch 不接受 API 密钥（401）；请管理员检查 "
            f"ZHISHENG_ELASTICSEARCH_API_KEY_FILE。{_SAFE}"
        )
    if status == HTTPStatus.FORBIDDEN:
        return UnavailableError(
            "检索引擎 Elasticsearch 的 API 密钥没有这项权限（403）；请管理员给密钥加上所需权限。"
            f"{_SAFE}"
        )
    return StorageError(f"检索引擎 Elasticsearch 拒绝了请求（{status}），请管理员查看日志。")
