"""Builds the analysis pipeline of this installation."""

from collections.abc import Mapping
from functools import cache

from config.regions import Region, by_adcode, load_regions
from nlp.pipeline import Pipeline, default_pipeline
from zhisheng.demo.places import demo_regions


def build_pipeline(*, demo: bool) -> Pipeline:
    """Load the shipped models once; the demo also knows its invented places."""
    return default_pipeline(extra_regions=demo_regions() if demo else ())


@cache
def known_regions() -> Mapping[str, Region]:
    """Map every adcode to its region. The demo's codes belong to no real place, so they do no harm elsewhere."""
    return by_adcode([*load_regions(), *demo_regions()])
