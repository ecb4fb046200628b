import pytest

from core.outbound.redaction import redacted_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://qyapi.example/cgi-bin/webhook/send?key=abc-1",
            "https://qyapi.example/cgi-bin/webhook/***?key=***",
        ),
        (
            "https://open.example/open-apis/bot/v2/hook/0f-1",
            "https://open.example/open-apis/bot/***",
        ),
        (
            "https://u:p@a.example:8443/x?access_token=t&b=",
            "https://a.example:8443/x?access_token=***&b=***",
        ),
        (
            "https://a.example/services/T00000000/B00000000/XXXX1234XXXX5678XXXX90",
            "https://a.example/services/T00000000/B00000000/***",
        ),
        ("http://[::1]:80/wp-json/wp/v2/posts#part", "http://[::1]:80/wp-json/wp/v2/posts"),
        ("http://[::1", "（无法解析的地址）"),
    ],
)
def test_only_the_place_is_shown(url: str, shown: str) -> None:
    assert redacted_url(url) == shown
