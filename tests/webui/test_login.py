"""Signing in, being locked out, the second factor, and the page of the first start."""


from flask.testing import FlaskClient

from tests.webui.conftest import sign_in


def test_right_password_leads_to_the_page_of_the_role(client: FlaskClient) -> None:
    answer = sign_in(client, "wangmin")
    assert answer.status_code == 303
    assert "zhisheng=" in answer.headers["Set-Cookie"]
    assert client.get("/start").status_code == 302
