"""Training and evaluating on anybody's labelled file, through the command line."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigurationError
from nlp.classification.model_card import load_classifier, read_card
from nlp.training.labelled_file import read_labelled_file
from zhisheng.cli import run

pytest.importorskip("sklearn", reason="scikit-learn (extra `train`) is not installed")

WORDS = {
    "欠薪": ("拖欠", "工资", "讨薪", "包工头", "结清", "欠条"),
    "工伤": ("受伤", "工伤", "认定", "骨折", "赔偿", "机器"),
    "加班": ("加班", "通宵", "调休", "九九六", "下班", "熬夜"),
}
FILLERS = ("我们", "公司", "昨天", "一直", "大家", "今年", "老板", "还是", "真的", "已经")


def texts_of(label: str, count: int, seed: int, joint: str = "") -> list[str]:
    random = np.random.default_rng(seed)
    return [
        joint.join(
            [
                *random.choice(FILLERS, 3),
                *random.choice(WORDS[label], 2),
                *random.choice(FILLERS, 2),
            ]
        )
        for _ in range(count)
    ]


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def labelled(path: Path, count: int, seed: int, joint: str = "") -> Path:
    rows = [(text, label) for label in WORDS for text in texts_of(label, count, seed, joint)]
    return write(path, ("text", "label"), rows)


def trained(home: Path, *options: str) -> Path:
    out = home / "model"
    assert run(["model", "train", "--out", str(out), *options]) == 0
    return out


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHISHENG_HOME", str(tmp_path / "home"))


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    capsys.readouterr()
    assert run(["model", "evaluate", *arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert isinstance(answer, dict)
    return answer


def test_trained_folder_is_measured_on_another_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = trained(tmp_path, "--data", str(labelled(tmp_path / "train.csv", 40, 1)))
    card = read_card(out)
    assert (card.recipe, card.labels, card.rows) == ("linear", tuple(sorted(WORDS)), 120)
    found = evaluated(capsys, str(out), "--data", str(labelled(tmp_path / "test.csv", 20, 2)))
    assert found["rows"] == 60
    assert found["model"] == card.version
    assert float(str(found["accuracy"])) > 0.95
    assert set(found) == {
        "model", "rows", "accuracy", "macro_f1", "per_class", "confidence_intervals", "ece",
        "texts_per_second", "unknown_labels",
    }  # fmt: skip
    per_class = found["per_class"]
    assert isinstance(per_class, dict)
    assert per_class["欠薪"].keys() == {"precision", "recall", "f1", "support"}


def test_same_file_gives_the_same_version(tmp_path: Path) -> None:
    data = str(labelled(tmp_path / "train.csv", 20, 1))
    first = read_card(trained(tmp_path, "--data", data)).version
    assert read_card(trained(tmp_path, "--data", data)).version == first


def test_answer_does_not_depend_on_the_texts_beside_it(tmp_path: Path) -> None:
    classifier = load_classifier(
        trained(tmp_path, "--data", str(labelled(tmp_path / "train.csv", 20, 1)))
    )
    texts = ["", "老板拖欠工资", "x" * 3_000, "机器伤人😀", *texts_of("加班", 600, 3)]
    together = classifier.probabilities(texts)
    alone = np.concatenate([classifier.probabilities([text]) for text in texts[:50]])
    assert np.array_equal(together[:50], alone)
    assert np.allclose(together.sum(axis=1), 1.0, atol=1e-5)
    assert classifier.probabilities([]).shape == (0, 3)


def test_words_separated_by_spaces_and_raw_text_are_understood_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = trained(tmp_path, "--data", str(labelled(tmp_path / "train.csv", 40, 1, joint=" ")))
    raw = [
        (f"{text[:6]}，的了吗呢，{text[6:]}。", label)
        for label in WORDS
        for text in texts_of(label, 20, 2)
    ]
    test = write(tmp_path / "raw.csv", ("text", "label"), raw)
    assert float(str(evaluated(capsys, str(out), "--data", str(test))["accuracy"])) > 0.9


def test_several_text_columns_are_joined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        (FILLERS[number % 10], text, label)
        for label in WORDS
        for number, text in enumerate(texts_of(label, 20, 1))
    ]
    data = str(write(tmp_path / "train.csv", ("title", "content", "label"), rows))
    columns = ("--data", data, "--text-column", "title,content")
    out = trained(tmp_path, *columns)
    assert float(str(evaluated(capsys, str(out), *columns)["accuracy"])) > 0.95


def test_goal_of_macro_f1_favours_the_rare_label(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(5)
    rows = [("".join(random.choice(FILLERS, 5)), "多数") for _ in range(300)]
    rows += [("".join([*random.choice(FILLERS, 4), "罕见"]), "少数") for _ in range(12)]
    rows += [("".join(random.choice(FILLERS, 5)), "少数") for _ in range(12)]
    data = str(write(tmp_path / "train.csv", ("text", "label"), rows))
    recalls = []
    for goal in ("accuracy", "macro_f1"):
        out = trained(tmp_path, "--data", data, "--goal", goal)
        per_class = evaluated(capsys, str(out), "--data", data)["per_class"]
        assert isinstance(per_class, dict)
        recalls.append(per_class["少数"]["recall"])
    assert recalls[0] <= recalls[1]


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", (), "空文件"),
        (b"text,label\n", (), "没有数据行"),
        ("正文,label\n讨薪,a\n".encode(), (), "没有名为「text」的列。已有的列：正文、label"),
        ("text,label\n讨薪,a\n加班,NaN\n受伤,\n".encode(), (), "（第 3、4 行）"),
        ("text,label\n讨薪,a\n加班,a\n".encode(), (), "都是同一个标签「a」"),
        ("text,label\n讨薪,类\n加班,别\n".encode("gbk"), (), "不是 UTF-8 编码（第 2 行起"),
        (("text,label\n" + "讨薪,a\n" * 5 + "加班,b\n").encode(), (), "「b」 1 个类别不足 3 条"),
        (("text,label\n" + ",a\n,b\n" * 3).encode(), (), "全是空的"),
        ('text,label\n"讨薪,a\n'.encode(), (), "不是合法的 CSV"),
        (("t,l\n" + "讨,a\n薪,b\n" * 3).encode(), ("--text-column", ","), "--text-column 是空的"),
    ],
)
def test_unusable_file_is_explained(
    content: bytes,
    options: tuple[str, ...],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = tmp_path / "bad.csv"
    data.write_bytes(content)
    out = tmp_path / "model"
    assert run(["model", "train", "--data", str(data), "--out", str(out), *options]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--data", "missing.csv"], "请用 --out"),
        (["train", "--data", "missing.csv", "--out", "x"], "读不了"),
        (["train", "--out", "x"], "请用 --data"),
        (["train", "topics", "--data", "a.csv", "--out", "x"], "不能同时用"),
        (["evaluate", "nowhere", "--data", "a.csv"], "不是模型文件夹"),
        (["evaluate", "nowhere"], "同时给出"),
    ],
)
def test_wrong_use_is_explained(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["model", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_folder_with_other_things_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.txt").write_text("重要", encoding="utf-8")
    data = labelled(tmp_path / "train.csv", 10, 1)
    assert run(["model", "train", "--data", str(data), "--out", str(out)]) == 2
    assert "没有动它" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["chapter.txt"]


def test_labels_the_model_does_not_know_count_as_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = trained(tmp_path, "--data", str(labelled(tmp_path / "train.csv", 20, 1)))
    rows = [(text, "欠薪") for text in texts_of("欠薪", 5, 2)] + [("猫", "宠物")] * 5
    test = write(tmp_path / "test.csv", ("text", "label"), rows)
    found = evaluated(capsys, str(out), "--data", str(test))
    assert found["unknown_labels"] == ["宠物"]
    assert found["accuracy"] == 0.5
    strange = write(tmp_path / "strange.csv", ("text", "label"), [("猫", "宠物")])
    assert run(["model", "evaluate", str(out), "--data", str(strange)]) == 2
    assert "一个也不认识" in capsys.readouterr().err


def test_broken_model_folder_is_refused(tmp_path: Path) -> None:
    out = trained(tmp_path, "--data", str(labelled(tmp_path / "train.csv", 10, 1)))
    (out / "linear.npz").write_bytes(b"no archive")
    with pytest.raises(ConfigurationError, match="读不了"):
        load_classifier(out)
    (out / "model.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="不是本程序写的"):
        load_classifier(out)


def test_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes("﻿text,label\n讨薪,b\n加班,a\n".encode())
    rows = read_labelled_file(path, ["text"], "label")
    assert rows.texts == ("讨薪", "加班")
    assert rows.labels == ("a", "b")
    assert rows.places.tolist() == [1, 0]
