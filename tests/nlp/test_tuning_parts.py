"""What a fine-tuning is made of, apart from the libraries: batches, splits, the clock, calibration."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlp.training.progress import TRIAL_STEPS, Schedule
from nlp.training.score_calibration import fit_scale, log_shares
from nlp.training.token_batches import deal_batches, padded
from nlp.training.transformer_tuning import split_rows


@given(
    lengths=st.lists(st.integers(2, 60), min_size=1, max_size=200),
    tokens=st.integers(60, 600),
    seed=st.integers(0, 99),
)
def test_every_row_is_dealt_once_and_no_batch_is_too_large(
    lengths: list[int], tokens: int, seed: int
) -> None:
    batches = deal_batches(lengths, tokens, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert max(lengths[place] for place in batch.tolist()) * len(batch) <= tokens


def test_rows_are_filled_up_to_the_longest() -> None:
    rows = [np.array([7, 8], np.int32), np.array([9], np.int32)]
    assert padded(rows, 0).tolist() == [[7, 8], [9, 0]]


@given(
    rows=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2)), min_size=3, max_size=120),
    seed=st.integers(0, 99),
)
def test_split_takes_each_row_once_and_parts_no_copies(
    rows: list[tuple[int, int]], seed: int
) -> None:
    texts = [str(number) for number, _ in rows]
    split = split_rows(texts, np.array([label for _, label in rows]), seed)
    assert {rows[place][1] for place in split.learnt.tolist()} == {label for _, label in rows}
    if len(split.learnt) == len(rows):
        return
    assert sorted([*split.learnt.tolist(), *split.held_out.tolist()]) == list(range(len(rows)))
    held_out = {texts[place] for place in split.held_out.tolist()}
    assert held_out.isdisjoint(texts[place] for place in split.learnt.tolist())


def test_split_holds_out_a_tenth_of_each_label() -> None:
    places = np.array([0] * 80 + [1] * 20 + [2] * 3)
    split = split_rows([str(number) for number in range(103)], places, 1)
    assert np.bincount(places[split.held_out]).tolist() == [8, 2, 1]


@given(step=st.integers(0, 99), slow=st.floats(0.0, 50.0), slower=st.floats(0.0, 50.0))
def test_training_that_fits_does_not_depend_on_the_machine(
    step: int, slow: float, slower: float
) -> None:
    schedule = Schedule(steps=100, seconds=60.0).judged(TRIAL_STEPS, 2.0)
    assert schedule.share(step, slow) == schedule.share(step, slower)
    assert not schedule.is_over(step, slow)


def test_training_that_does_not_fit_slows_down_toward_its_end() -> None:
    schedule = Schedule(steps=1_000, seconds=60.0, begun=10.0).judged(TRIAL_STEPS, 20.0)
    assert schedule.is_late
    assert schedule.share(60, 35.0) == 0.5
    assert schedule.share(100, 59.9) < 0.05
    assert schedule.is_over(100, 60.0)


def test_unsure_and_oversure_scores_are_brought_to_what_they_are_worth() -> None:
    random = np.random.default_rng(1)
    places = random.integers(0, 2, 4_000)
    is_right = random.random(4_000) < 0.8
    scores = np.zeros((4_000, 2), np.float32)
    scores[np.arange(4_000), np.where(is_right, places, 1 - places)] = 6.0
    scale = fit_scale(scores, places)
    sure = np.exp(log_shares(scores, scale)).max(axis=1)
    assert abs(float(sure.mean()) - 0.8) < 0.02
