import pytest

from tests.quality.gate import Floors, data_folder, raised, read_floors, shortfalls

NEEDS_TRAIN = "scikit-learn (extra `train`) is not installed: the quality floors were not checked"


def test_floors_belong_to_the_labels_in_the_repository() -> None:
    pytest.importorskip("sklearn", reason=NEEDS_TRAIN)
    from nlp.training.labels import labels_digest

    assert read_floors().labels == labels_digest(), (
        "the labels changed: measure anew with `python -m tests.quality.gate --update`"
    )


@pytest.mark.slow
def test_models_trained_on_our_own_posts_hold_their_floors() -> None:
    pytest.importorskip("sklearn", reason=NEEDS_TRAIN)
    from nlp.training.runs import measure

    measured = {figure.name: figure.value for figure in measure(None)}
    assert shortfalls(read_floors().values["own"], measured) == []


@pytest.mark.slow
def test_models_trained_on_the_rest_hold_their_floors_on_what_was_held_out() -> None:
    pytest.importorskip("sklearn", reason=NEEDS_TRAIN)
    data = data_folder()
    if data is None:
        pytest.skip("ZHISHENG_DATA is not set: labels of pool titles have no texts here")
    from nlp.training.runs import measure_held_out

    assert shortfalls(read_floors().values["held_out"], measure_held_out(data)) == []


def test_floor_sinks_only_when_told_so() -> None:
    floors = Floors("", {"full": {"relevance_f1": 0.88}})
    with pytest.raises(ValueError, match="relevance_f1"):
        raised(floors, "full", {"relevance_f1": 0.85}, allow_lower=False)
    with pytest.raises(ValueError, match="relevance_f1"):
        raised(floors, "full", {}, allow_lower=False)
    assert raised(floors, "full", {"relevance_f1": 0.85}, allow_lower=True) == {
        "relevance_f1": 0.84
    }
    assert raised(floors, "full", {"relevance_f1": 0.91}, allow_lower=False) == {
        "relevance_f1": 0.9
    }
