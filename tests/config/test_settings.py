from pathlib import Path

import pytest

from config.settings import SettingsError, load_settings


def test_defaults_are_safe(tmp_path: Path) -> None:
    settings = load_settings({"HOME": str(tmp_path)})
    assert settings.home == tmp_path / ".local/share/zhisheng"
    assert settings.bind == "127.0.0.1"
    assert settings.public_url == "http://127.0.0.1:8400"
    assert settings.master_key_file == settings.home / "keys" / "master.key"
    assert not settings.demo
    assert settings.database_url is None
    assert settings.allowed_addresses == ()


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(
            {
                "ZHISHENG_HOME": str(tmp_path),
                "ZHISHENG_PORT": "99999",
                "ZHISHENG_DEMO": "maybe",
                "ZHISHENG_LOG_LEVEL": "LOUD",
                "ZHISHENG_ELASTICSEARCH_CA_FILE": str(tmp_path / "missing.pem"),
            }
        )
    assert len(caught.value.faults) == 4
    for name in ("PORT", "DEMO", "LOG_LEVEL", "ELASTICSEARCH_CA_FILE"):
        assert f"ZHISHENG_{name} 的值" in str(caught.value)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "zhisheng.toml").write_text('port = 8500\ncontact = "a@b.cn"\n', encoding="utf-8")
    settings = load_settings({"ZHISHENG_HOME": str(tmp_path), "ZHISHENG_PORT": "8600"})
    assert settings.port == 8600
    assert settings.contact == "a@b.cn"


@pytest.mark.parametrize(
    ("content", "says"),
    [("prot = 1", "不认识的项「prot」"), ("port = [", "不是正确的 TOML")],
)
def test_a_faulty_file_is_named(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "zhisheng.toml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=says):
        load_settings({"ZHISHENG_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASE_URL", "mysql://root:geheim@db/x", "以 postgresql:// 开头"),
        ("ELASTICSEARCH_URL", "http://search.example:9200", "明文连接别的机器"),
        ("ELASTICSEARCH_URL", "https://a.example:9200,http://b.example:9200", "明文连接别的机器"),
        ("ELASTICSEARCH_URL", "https://a.example:9200,b.example", "多个节点用逗号分开"),
        ("ELASTICSEARCH_URL", "https://u:geheim@a.example:9200", "不能带用户名和口令"),
        ("ELASTICSEARCH_REPLICAS", "many", "auto 或 0 到 5"),
        ("BIND", "192.0.2.1", "口令会明文传输"),
        ("TRUSTED_PROXIES", "proxy.example", "IP 地址"),
        ("ALLOWED_ADDRESSES", "nonsense", "主机:端口"),
        ("CONFIG", "/nowhere/z.toml", "不存在"),
        ("LLM_URL", "http://llm.example:99999/v1", "以 http:// 或 https:// 开头的地址"),
        ("LLM_URL", "https://llm.example/v1", "ZHISHENG_LLM_MODEL"),
        ("LLM_URL", "http://10.2.0.5:8000/v1", "ZHISHENG_ALLOWED_ADDRESSES"),
        ("LLM_URL", "https://llm.example/v1?key=geheim", "不能带用户名、口令或参数"),
    ],
)
def test_an_unsafe_or_wrong_value_is_refused(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings({"ZHISHENG_HOME": str(tmp_path), f"ZHISHENG_{name}": value})
    assert "geheim" not in str(caught.value)


def test_demo_mode_refuses_a_database_of_its_own(tmp_path: Path) -> None:
    environment = {
        "ZHISHENG_HOME": str(tmp_path),
        "ZHISHENG_DEMO": "1",
        "ZHISHENG_DATABASE_URL": "postgresql://u:p@db/x",
    }
    with pytest.raises(SettingsError, match="演练模式只用自带的数据库"):
        load_settings(environment)


def test_a_postgres_url_gets_the_driver_we_use(tmp_path: Path) -> None:
    settings = load_settings(
        {"ZHISHENG_HOME": str(tmp_path), "ZHISHENG_DATABASE_URL": "postgres://u:p@db/x"}
    )
    assert settings.database_url == "postgresql+psycopg://u:p@db/x"


@pytest.mark.parametrize(("value", "replicas"), [(None, None), ("auto", None), ("2", 2)])
def test_a_cluster_is_named_by_several_of_its_nodes(
    tmp_path: Path, value: str | None, replicas: int | None
) -> None:
    environment = {
        "ZHISHENG_HOME": str(tmp_path),
        "ZHISHENG_ELASTICSEARCH_URL": "https://a.example:9200, https://b.example:9200",
    }
    if value is not None:
        environment["ZHISHENG_ELASTICSEARCH_REPLICAS"] = value
    settings = load_settings(environment)
    assert settings.elasticsearch_url == "https://a.example:9200,https://b.example:9200"
    assert settings.elasticsearch_replicas == replicas


@pytest.mark.parametrize("allowed", ["10.2.0.5:8000", "10.2.0.0/16"])
def test_a_language_model_in_the_intranet_is_allowed_expressly(
    tmp_path: Path, allowed: str
) -> None:
    settings = load_settings(
        {
            "ZHISHENG_HOME": str(tmp_path),
            "ZHISHENG_LLM_URL": "http://10.2.0.5:8000/v1",
            "ZHISHENG_LLM_MODEL": "qwen",
            "ZHISHENG_ALLOWED_ADDRESSES": allowed,
        }
    )
    assert settings.llm_url == "http://10.2.0.5:8000/v1"
