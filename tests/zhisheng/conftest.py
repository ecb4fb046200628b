"""Runs the installed command line in processes of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

TIMEOUT_S = 180


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.out)
        return found


Command: TypeAlias = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def zhisheng(home: Path) -> Command:
    """Run ``zhisheng`` with the given arguments on a home of this test."""

    def run(*arguments: str, text: str | None = None, **environment: str) -> Outcome:
        found = subprocess.run(
            [sys.executable, "-P", "-m", "zhisheng", *arguments],
            env={**os.environ, "ZHISHENG_HOME": str(home), "ZHISHENG_DEMO": "0", **environment},
            input=text,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Outcome(found.returncode, found.stdout, found.stderr)

    return run
