"""Role ``web``: the console under waitress."""

import threading

import structlog
from waitress.server import create_server

from webui import first_run
from webui.application import create_app
from webui.console import Console
from zhisheng.explanations import RenewingExplainer
from zhisheng.known_places import known_regions
from zhisheng.pipelines import installed_models
from zhisheng.services import Services, platform_access

log = structlog.get_logger(__name__)

THREADS = 12


def console(services: Services) -> Console:
    return Console(
        settings=services.settings,
        sessions=services.sessions,
        clock=services.clock,
        reader=services.open_search(),
        keyring=services.keyring,
        http=services.http,
        policy=services.policy,
        platforms=platform_access(services),
        passwords=services.passwords,
        version=services.version,
        regions=known_regions(),
        explainer=RenewingExplainer(installed_models(services.home.path)),
        replay_folder=services.home.replay_folder,
    )


def run(services: Services, stop: threading.Event) -> None:
    settings = services.settings
    with services.sessions() as session:
        first_run.prepare_code(session, settings)
    server = create_server(
        create_app(console(services)),
        host=settings.bind,
        port=settings.port,
        threads=THREADS,
        ident="zhisheng",
        # With proxies named, the application itself judges whose headers to believe.
        clear_untrusted_proxy_headers=not settings.trusted_proxies,
    )

    def close_on_stop() -> None:
        stop.wait()
        server.close()

    threading.Thread(target=close_on_stop, daemon=True).start()
    log.info("console_listening", bind=settings.bind, port=settings.port)
    server.run()
