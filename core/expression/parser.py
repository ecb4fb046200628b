"""Text to syntax tree."""

import re
from collections.abc import Mapping, Sequence

from lark import Token, Tree

from core.expression import values
from core.expression.errors import ExpressionError, UnknownGroupError
from core.expression.fields import FIELD_LABELS, FIELD_NAMES
from core.expression.grammar import parse_tree
from core.expression.known_groups import KnownGroups
from core.expression.limits import MAX_LENGTH, MAX_PHRASES, MAX_TERMS, phrases
from core.expression.suggestions import closest, shown
from core.expression.syntax import (
    Condition,
    Expression,
    Field,
    Group,
    Near,
    Not,
    Or,
    Scope,
    Word,
    conjunction,
    disjunction,
    negation,
)
from core.expression.tokens import VALUE, Tokens, field_of
from core.expression.value_names import ValueNames
from core.matching_text import matching_text

Groups = Mapping[str, Sequence[str]]
Names = Mapping[Field, Mapping[str, str]]

_STARS = re.compile(r"(?<!\\)((?:\\\\)*)\*+")
_NEAR_WORD = re.compile(r"\S+\s+[^\s()（）]+(?!\S)")
_MAX_STARS = 2


def parse(text: str, *, groups: Groups | None = None, names: Names | None = None) -> Expression:
    """Read an expression as typed.

    `groups` maps the name of a synonym group to its words; `names` maps, by field, the names that
    people use to the values that documents carry (`{Field.REGION: {"南京": "320100"}}`), and a
    field with such a map takes no other value. Raises ExpressionError, whose fix, if any, parses.
    """
    groups, names = KnownGroups.of(groups or {}), names or {}
    try:
        return _Builder(text, groups, names).expression()
    except ExpressionError as error:
        if error.fix is None:
            raise
        try:
            _Builder(error.fix, groups, names).expression()
        except ExpressionError:
            raise error.unfixed() from None
        raise


class _Builder:
    """Turns the parse tree of one text into syntax; `scope` is the field whose value is being read."""

    def __init__(self, typed: str, groups: KnownGroups, names: Names) -> None:
        self._typed = typed
        self._groups = groups
        self._names = names
        self._value_names: dict[Field, ValueNames] = {}
        self._terms = self._phrases = 0

    def expression(self) -> Expression:
        if len(self._typed) > MAX_LENGTH:
            expected = f"表达式最多 {MAX_LENGTH} 个字符，现在有 {len(self._typed)} 个"
            raise ExpressionError(MAX_LENGTH, expected)
        tree = parse_tree(self._typed, Tokens(self._typed, matching_text(self._typed)))
        return self._build(tree, Scope.ANY)

    def _count_terms(self, number: int, position: int) -> None:
        """Refuse too many words before they are read: a group may hold any number."""
        self._terms += number
        if self._terms > MAX_TERMS:
            expected = f"同义词组展开后超过 {MAX_TERMS} 个词，这里已有 {self._terms} 个"
            raise ExpressionError(position, expected)

    def _count_phrases(
        self, leaf: Word | Group | Near, position: int, fix: str | None = None
    ) -> None:
        self._phrases += phrases(leaf)
        if self._phrases > MAX_PHRASES:
            expected = (
                f"NEAR 和 * 展开后最多 {MAX_PHRASES} 个短语，到这里已有 {self._phrases} 个；"
                "请减少同义词或字数"
            )
            raise ExpressionError(position, expected, fix)

    def _build(self, node: Tree[Token] | Token, scope: Scope | Field) -> Expression:
        if isinstance(node, Token):
            return self._leaf(node, scope)
        if node.data in ("proximity", "field", "list"):
            builders = {"proximity": self._proximity, "field": self._field, "list": self._list}
            return builders[node.data](node, scope)
        if node.data == "negation":
            return negation(self._build(node.children[1], scope))
        parts = tuple(
            self._build(child, scope) for child in node.children if isinstance(child, Tree)
        )
        # A start or a bracket has one part, and so stays what it holds.
        return disjunction(parts) if node.data == "disjunction" else conjunction(parts)

    def _leaf(self, token: Token, scope: Scope | Field) -> Expression:
        start, _ = _span(token)
        if token.type in ("TIME", "COMPARISON"):
            self._refuse_nesting(start, scope)
            return self._measured(token)
        if isinstance(scope, Field):
            return self._condition(token, scope)
        if token.type == "GROUP":
            return self._group(token, scope)
        value = str(token)
        word = Word((value,) if token.type == "TERM" else self._parts(value, start), scope)
        self._count_terms(1, start)
        self._count_phrases(word, start)
        return word

    def _measured(self, token: Token) -> Expression:
        """Read the times or comparisons of a field, any of which may hold."""
        start, end = _span(token)
        if ":" not in token:
            field = field_of(token)
            value = re.sub(r"^[^\s<>=≥≤]+", "", str(token))
            return values.comparison(field, value, position=end - len(value), typed=self._typed)
        at = token.index(":") + 1
        found = []
        for match in VALUE.finditer(token, at):
            value, position = match.group(), start + match.start()
            found.append(
                values.time_range(
                    value, position=position, typed=self._typed, end=start + match.end()
                )
                if token.type == "TIME"
                else values.comparison(field_of(token), value, position=position, typed=self._typed)
            )
        return disjunction(tuple(found))

    def _parts(self, value: str, start: int) -> tuple[str, ...]:
        pieces = [_unescaped(piece) for piece in _STARS.sub(r"\1\n*\n", value).split("\n*\n")]
        parts = tuple(piece for piece in pieces if piece)
        if not parts:
            raise ExpressionError(start, "引号里要写文字")
        if len(parts) > _MAX_STARS + 1:
            raise ExpressionError(start, f"一个短语里最多写 {_MAX_STARS} 个 *")
        return parts

    def _group(self, token: Token, scope: Scope) -> Group:
        start, end = _span(token)
        name = str(token)
        words = self._groups.words(name)
        if words is None:
            close = closest(name, self._groups.folded_names())
            fix = f"{self._typed[:start]}{{{close}}}{self._typed[end:]}" if close else None
            raise UnknownGroupError(start, f"没有名为“{shown(name)}”的同义词组", fix)
        if not words:
            raise ExpressionError(start, f"同义词组“{name}”里还没有词")
        self._count_terms(len(words), start)
        try:
            read = self._groups.read(name, scope, lambda word: self._parts(word, start))
        except ExpressionError as error:
            expected = f"同义词组“{name}”里有个词不能用：{error.expected}"
            raise ExpressionError(start, expected) from error
        group = Group(name, read, scope)
        self._count_phrases(group, start)
        return group

    def _condition(self, token: Token, field: Field) -> Condition:
        start, end = _span(token)
        if token.type == "GROUP":
            label = FIELD_LABELS[field]
            raise ExpressionError(start, f"“{label}”的值不能是同义词组")
        value = _unescaped(str(token)).strip()
        names = self._names_of(field)
        found = values.resolved(field, value, names) if value else None
        if found is None:
            raise values.unknown_value(self._typed, (start, end), field, names)
        return Condition(field, (found,))

    def _names_of(self, field: Field) -> ValueNames | None:
        if field not in self._value_names and field in self._names:
            self._value_names[field] = ValueNames.of(self._names[field])
        return self._value_names.get(field)

    def _list(self, node: Tree[Token], scope: Scope | Field) -> Expression:
        tokens = [child for child in node.children if isinstance(child, Token)]
        items = tuple(self._leaf(token, scope) for token in tokens if token.type != "COMMA")
        if scope is Scope.ANY and len(items) > 1:
            comma = next(token for token in tokens if token.type == "COMMA")
            start, end = _span(comma)
            fix = f"{self._typed[:start]} OR {self._typed[end:]}"
            raise ExpressionError(
                start, "逗号只用在字段的值之间；几个词都要有用空格，有一个就行用 OR", fix
            )
        conditions = [item for item in items if isinstance(item, Condition)]
        if isinstance(scope, Field):
            merged = dict.fromkeys(value for item in conditions for value in item.values)
            return Condition(scope, tuple(merged))
        return disjunction(items)

    def _field(self, node: Tree[Token], scope: Scope | Field) -> Expression:
        name, value = node.children
        start = _span(name)[0] if isinstance(name, Token) else 0
        self._refuse_nesting(start, scope)
        field = FIELD_NAMES[str(name)]
        return self._build(value, field if isinstance(field, Scope) else Field(field))

    def _refuse_nesting(self, position: int, scope: Scope | Field) -> None:
        if scope is not Scope.ANY:
            label = FIELD_LABELS[scope]
            raise ExpressionError(position, f"“{label}:（…）”里不能再写别的字段")

    def _proximity(self, node: Tree[Token], scope: Scope | Field) -> Expression:
        before = self._phrases
        operands = [
            self._build(child, scope)
            for child in node.children
            if isinstance(child, Tree) or child.type != "NEAR"
        ]
        if len(operands) == 1:
            return operands[0]
        operator = next(
            child for child in node.children if isinstance(child, Token) and child.type == "NEAR"
        )
        near = self._near(operands, operator, scope)
        self._phrases = before  # The phrases of the sides are counted with the whole.
        self._count_phrases(near, _span(operator)[0], self._nearer(near, operator, before))
        return near

    def _near(self, operands: list[Expression], operator: Token, scope: Scope | Field) -> Near:
        start, _ = _span(operator)
        sides = [_side(operand) for operand in operands]
        if len(sides) > 2 or isinstance(scope, Field):  # noqa: PLR2004 -- NEAR has two sides
            raise ExpressionError(start, "NEAR 只连接两边，不能连用；请用 AND 连接两个 NEAR")
        left, right = sides
        if left is None or right is None:
            raise self._bad_side(start, operands[0])
        scopes = {operand.scope for operand in (*left, *right)}
        if len(scopes) > 1:
            raise ExpressionError(start, "NEAR 的两边要在同一个字段里")
        name, _, distance = str(operator).partition("/")
        return Near(left, right, int(distance), is_ordered=name == "onear", scope=scopes.pop())

    def _nearer(self, near: Near, operator: Token, before: int) -> str | None:
        """Offer the longest distance that is within the limit."""
        each = phrases(near) // (near.distance + 1)
        distance = (MAX_PHRASES - before) // each - 1
        if not 0 <= distance < near.distance:
            return None
        start, end = _span(operator)
        name = "ONEAR" if near.is_ordered else "NEAR"
        return f"{self._typed[:start]}{name}/{distance}{self._typed[end:]}"

    def _bad_side(self, position: int, left: Expression) -> ExpressionError:
        expected = "NEAR 的两边只能是词、短语、同义词组，或只含 OR 的括号"
        dash = max(self._typed.rfind(sign, 0, position) for sign in "-－")
        last = _NEAR_WORD.match(self._typed, position)
        if not isinstance(left, Not) or dash < 0 or last is None:
            return ExpressionError(position, expected)
        # What is excluded was most likely meant to be the whole of NEAR.
        inside, rest = self._typed[dash + 1 : last.end()], self._typed[last.end() :]
        fix = f"{self._typed[:dash]}-({inside}){rest}"
        return ExpressionError(position, expected, fix)


def _side(operand: Expression) -> tuple[Word | Group, ...] | None:
    operands = operand.operands if isinstance(operand, Or) else (operand,)
    words = tuple(part for part in operands if isinstance(part, Word | Group))
    return words if len(words) == len(operands) else None


def _span(token: Token) -> tuple[int, int]:
    return int(token.start_pos or 0), int(token.end_pos or 0)


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
