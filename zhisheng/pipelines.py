"""Builds the analysis pipeline of this installation."""

from nlp.pipeline import Pipeline, default_pipeline

from zhisheng.demo.places import demo_regions


def build_pipeline(*, demo: bool) -> Pipeline:
    """Load the shipped models once; the demo also knows its invented places."""
    return default_pipeline(extra_regions=demo_regions() if demo else ())
