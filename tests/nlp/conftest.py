import pytest

from nlp.pipeline import Pipeline, default_pipeline


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    return default_pipeline()
