"""The platforms as a server on loopback: for the demo, for training and for tests."""

from media_matrix.sandbox.server import create_sandbox, serve_sandbox
from media_matrix.sandbox.state import SandboxState

__all__ = ["SandboxState", "create_sandbox", "serve_sandbox"]
