"""Composition root, command line, process roles and demo."""

__version__ = "0.1.0"
