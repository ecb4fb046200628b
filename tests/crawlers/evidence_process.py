"""Takes the evidence that waits, in a process of its own that a test can let die; prints how much it handled."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from core import faults
from core.clock import FakeClock, parse_time
from core.crypto.keyring import Keyring
from core.database.sessions import create_database_engine, create_sessions
from crawlers.evidence.work import EvidenceWorker
from tests.crawlers.evidence import OPERATOR


def main() -> None:
    url, home, now = sys.argv[1:4]
    faults.arm(os.environ.get("ZHISHENG_FAULT"), Path(home))
    worker = EvidenceWorker(
        create_sessions(create_database_engine(url)),
        FakeClock(parse_time(now)),
        Keyring.open(Path(home) / "master.key"),
        owner="doomed",
        operator=OPERATOR,
    )
    worker.step()


if __name__ == "__main__":
    main()
