"""Text to syntax tree."""

from collections.abc import Mapping, Sequence

from core.expression.syntax import Expression, Field


def parse(
    text: str,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    names: Mapping[Field, Mapping[str, str]] | None = None,
) -> Expression:
    """The tree of an expression as typed.

    `groups` maps the name of a synonym group to its words; `names` maps, by field, the names people use to the values
    that documents carry (`{Field.REGION: {"南京": "320100"}}`). Raises ExpressionError.
    """
    raise NotImplementedError
