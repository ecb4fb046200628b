"""Role ``understand``: analyses newly collected texts and keeps the figures of events up to date."""

import threading

from core.event_stories import TOPIC
from zhisheng.event_updates import EventWorker
from zhisheng.pipelines import installation_pipeline
from zhisheng.roles.worker import run_worker
from zhisheng.services import Services, event_summariser
from zhisheng.understanding import UnderstandWorker

POLL_S = 0.5


class TextsAndEvents:
    """Takes turns, so that neither a flood of texts nor one of events keeps the other waiting."""

    topics = UnderstandWorker.topics | {TOPIC}

    def __init__(self, texts: UnderstandWorker, events: EventWorker) -> None:
        self._texts = texts
        self._events = events

    def step(self) -> int:
        return self._texts.step() + self._events.step()


def run(services: Services, stop: threading.Event) -> None:
    pipeline = installation_pipeline(services.home.path, demo=services.settings.demo)
    texts = UnderstandWorker(services.sessions, services.clock, pipeline, owner=services.owner)
    events = EventWorker(
        services.sessions, services.clock, event_summariser(services), owner=services.owner
    )
    run_worker(services, TextsAndEvents(texts, events), stop, poll_s=POLL_S)
