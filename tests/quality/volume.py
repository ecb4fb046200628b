"""Back-test of the volume forecast on the hot-search days: ``python -m tests.quality.volume``.

Topics are the labour keyword buckets and all labour titles together; a day counts the titles first seen on it.
Events are words of titles most of which lie within a fortnight, from the first day of that fortnight on.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import sys
from collections import Counter, defaultdict
from pathlib import Path

from nlp.backtest import Backtest, backtest
from nlp.forecast import EVENT
from tests.quality.gate import data_folder

FOLDER = "weibo_hot_search"
EVERYTHING = "all labour titles"
EVENT_DAYS, WINDOW_DAYS, LEAST_TITLES, LEAST_SHARE = 21, 14, 20, 0.6
JUDGED_EVENT_DAYS = 11


def topic_series(data: Path) -> dict[str, list[int]]:
    """Count the new titles of each labour bucket on each day."""
    with (data / FOLDER / "labour_titles_keyword.csv").open(encoding="utf-8", newline="") as file:
        rows = [(_day(row["first_day"]), row["kw"]) for row in csv.DictReader(file)]
    first, last = min(day for day, _ in rows), max(day for day, _ in rows)
    series: dict[str, list[int]] = defaultdict(lambda: [0] * (last - first + 1))
    for day, buckets in rows:
        for bucket in {EVERYTHING, *buckets.replace(";", "|").replace(",", "|").split("|")}:
            series[bucket.strip()][day - first] += 1
    return dict(sorted(series.items()))


def event_series(data: Path) -> dict[str, list[int]]:
    """Find words that were on everybody's lips for days only, with their days from the first on."""
    from nlp.lexicons import load_segmentation

    segmentation = load_segmentation()
    words: dict[str, Counter[int]] = defaultdict(Counter)
    with gzip.open(data / FOLDER / "all_titles.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for word in set(segmentation.cut(row["title"])):
                if len(word) > 1:
                    words[word][_day(row["first_day"])] += 1
    found = {word: _event_days(days) for word, days in sorted(words.items())}
    return {word: days for word, days in found.items() if days}


def _event_days(days: Counter[int]) -> list[int]:
    total = days.total()
    if total < LEAST_TITLES:
        return []
    best = max(days, key=lambda first: sum(days[first + step] for step in range(WINDOW_DAYS)))
    within = sum(days[best + step] for step in range(WINDOW_DAYS))
    if within < max(LEAST_TITLES, LEAST_SHARE * total):
        return []
    return [days[best + step] for step in range(EVENT_DAYS)]


def event_backtests(series: dict[str, list[int]]) -> list[Backtest]:
    """Judge the ten days after the first: later most events are over and any forecast is right."""
    return [backtest(days[:JUDGED_EVENT_DAYS], EVENT, warm_up=1) for days in series.values()]


def _day(text: str) -> int:
    return dt.date.fromisoformat(text).toordinal()


def _line(name: str, found: Backtest) -> str:
    return (
        f"{name:26} {found.held:6.3f} {found.width:6.2f} {found.error:6.3f} {found.last_day_error:6.3f} "
        f"{found.week_mean_error:6.3f} {found.same_weekday_error:6.3f} {found.pinball:7.4f} "
        f"{found.empirical_pinball:7.4f}\n"
    )


def _mean(found: list[Backtest]) -> Backtest:
    days = sum(item.days for item in found)
    columns = [
        sum(getattr(item, name) * item.days for item in found) / days
        for name in Backtest.__slots__[1:]
    ]
    return Backtest(days, *columns)


def main() -> None:
    data = data_folder()
    if data is None:
        sys.exit("ZHISHENG_DATA is not set: there is no series to test on")
    sys.stdout.write(f"{'':26} {'held':>6} {'width':>6} {'MAE':>6} {'last':>6} {'7 days':>6} ")
    sys.stdout.write(f"{'weekday':>6} {'pinball':>7} {'28 days':>7}\n")
    topics = {name: backtest(days) for name, days in topic_series(data).items()}
    for name, found in topics.items():
        sys.stdout.write(_line(name, found))
    sys.stdout.write(_line("mean of topics", _mean(list(topics.values()))))
    events = event_backtests(event_series(data))
    sys.stdout.write(_line(f"{len(events)} events, days 2-11", _mean(events)))


if __name__ == "__main__":
    main()
