"""Builds the analysis pipeline of this installation."""

from pathlib import Path

from nlp.pipeline import Pipeline, default_pipeline, load_resources
from zhisheng.demo.places import demo_regions
from zhisheng.installed_models import InstalledModels, RenewingPipeline


def build_pipeline(*, demo: bool) -> Pipeline:
    """Load the shipped models once; the demo also knows its invented places."""
    return default_pipeline(extra_regions=demo_regions() if demo else ())


def installed_models(home: Path) -> InstalledModels:
    """Name the trained models of a data folder, which need not exist."""
    return InstalledModels(home / "models")


def installation_pipeline(home: Path, *, demo: bool = False) -> RenewingPipeline:
    """Build the pipeline of a data folder: shipped models, and those trained ones that are in use there."""
    return RenewingPipeline(load_resources(demo_regions() if demo else ()), installed_models(home))
