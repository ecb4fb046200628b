"""``zhisheng model``: what answers, how well, and how to train it anew."""

from zhisheng.commands.model.group import model

__all__ = ["model"]
