"""The places that this installation knows by their codes."""

from collections.abc import Mapping
from functools import cache

from config.regions import Region, by_adcode, load_regions
from zhisheng.demo.places import demo_regions


@cache
def known_regions() -> Mapping[str, Region]:
    """Map every adcode to its region. The demo's codes belong to no real place, so they do no harm elsewhere."""
    return by_adcode([*load_regions(), *demo_regions()])
