"""Role ``world``: the demo's sites, platform sandbox and mailbox, all on loopback."""

from __future__ import annotations

import threading

import structlog
from waitress.server import create_server

from media_matrix.sandbox import SandboxState, create_sandbox
from webui.people import find_person
from zhisheng.demo.endings import close_past_events
from zhisheng.demo.history import load_material, seed_history
from zhisheng.demo.installation import ANALYST, began_at
from zhisheng.demo.mail_sink import start_mail_sink
from zhisheng.demo.ports import demo_ports
from zhisheng.demo.posts import World, load_posts
from zhisheng.demo.sites import create_sites
from zhisheng.demo.sources import open_sources
from zhisheng.services import Services

log = structlog.get_logger(__name__)


def run(services: Services, stop: threading.Event) -> None:
    home = services.home
    ports = demo_ports(home.path, services.settings.port)
    world = World(load_posts(), began_at(home.path, services.clock.now()))
    mail = start_mail_sink(home.mailbox_folder, services.clock, ports.mail)
    state = SandboxState(services.clock, file=home.sandbox_file)
    servers = [
        create_server(application, host="127.0.0.1", port=port, threads=4, ident="zhisheng-demo")
        for application, port in (
            (create_sites(world, services.clock), ports.sites),
            (create_sandbox(state, services.clock), ports.sandbox),
        )
    ]
    threads = [threading.Thread(target=server.run, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    log.info("demo_world_open", sites=ports.sites, sandbox=ports.sandbox, mail=ports.mail)
    with services.sessions.begin() as session:
        open_sources(session, services.clock.now())
    seed_history(services)
    with services.sessions.begin() as session:
        analyst = find_person(session, ANALYST)
        if analyst is not None:
            close_past_events(session, load_material(), analyst.id, services.clock.now())
    stop.wait()
    for server in servers:
        server.close()
    mail.stop()
