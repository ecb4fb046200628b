"""Random expressions and texts, and what an expression means, said a second time without our code."""

from dataclasses import dataclass
from random import Random

LETTERS = "工资欠薪欠薪ab1 ，😀-"
# What people also write for the same character.
VARIANTS = {"a": "aAＡ", "b": "bＢ", "欠": "欠", "资": "资資", "1": "1１", "，": "，,", " ": " 　"}
PLATFORMS = ("weibo", "wechat", "forum")
LONGEST_GAP = 8

Span = tuple[int, int]


@dataclass(frozen=True)
class Post:
    title: str
    text: str
    platform: str
    reposts: int | None


@dataclass(frozen=True)
class Words:
    """Some of these words; a word is parts with gaps between."""

    words: tuple[tuple[str, ...], ...]
    scope: str = ""


@dataclass(frozen=True)
class Close:
    left: Words
    right: Words
    distance: int
    ordered: bool
    scope: str = ""


@dataclass(frozen=True)
class Platform:
    values: tuple[str, ...]


@dataclass(frozen=True)
class Reposts:
    sign: str
    number: int


@dataclass(frozen=True)
class Every:
    parts: tuple["Asked", ...]


@dataclass(frozen=True)
class Some:
    parts: tuple["Asked", ...]


@dataclass(frozen=True)
class Lacks:
    part: "Asked"


Asked = Words | Close | Platform | Reposts | Every | Some | Lacks


def random_text(random: Random, longest: int) -> str:
    length = random.choice((0, 1, 2, longest // 2, longest))
    letters = random.choices(LETTERS, k=length)
    return "".join(random.choice(VARIANTS.get(letter, letter)) for letter in letters)


def random_post(random: Random) -> Post:
    return Post(
        random_text(random, 8),
        random_text(random, 40),
        random.choice((*PLATFORMS, "")),
        random.choice((None, 0, 5, 10)),
    )


def _random_word(random: Random, gaps: int) -> tuple[str, ...]:
    return tuple(
        "".join(random.choices(LETTERS, k=random.choice((1, 1, 2, 2, 3, 4))))
        for _ in range(random.randint(0, gaps) + 1)
    )


def _random_words(random: Random, most: int, gaps: int) -> Words:
    return Words(tuple(_random_word(random, gaps) for _ in range(random.randint(1, most))))


def random_question(random: Random, depth: int = 3) -> Asked:
    kind = random.random()
    if depth and kind < 0.5:
        parts = tuple(random_question(random, depth - 1) for _ in range(random.randint(2, 3)))
        return random.choice((Every, Some))(parts)
    if depth and kind < 0.6:
        return Lacks(random_question(random, depth - 1))
    if kind < 0.65:
        return Platform(tuple(random.sample(PLATFORMS, random.randint(1, 2))))
    if kind < 0.7:
        return Reposts(random.choice((">", ">=", "<", "<=", "=")), random.choice((0, 5, 7)))
    scope = random.choice(("", "", "标题", "text"))
    if kind < 0.85:
        left = _random_words(random, 2, 0)
        right = random.choice((_random_words(random, 2, 0), _random_words(random, 1, 1), left))
        distance = random.choice((0, 1, 2, 4))
        return Close(left, right, distance, random.random() < 0.5, scope)
    return Words((_random_word(random, random.choice((0, 0, 1, 2))),), scope)


def _typed_word(random: Random, word: tuple[str, ...]) -> str:
    typed = "*".join(
        "".join(random.choice(VARIANTS.get(letter, letter)) for letter in part) for part in word
    )
    needs_quotes = any(mark in typed for mark in " 　，,*") or typed.startswith("-")
    if needs_quotes or random.random() < 0.3:
        return random.choice(('"{}"', "“{}”")).format(typed)
    return typed


def _typed_words(random: Random, words: Words) -> str:
    typed = " OR ".join(_typed_word(random, word) for word in words.words)
    return f"({typed})" if len(words.words) > 1 else typed


def _scoped(scope: str, typed: str) -> str:
    return f"{scope}:{typed}" if scope else typed


def typed(random: Random, asked: Asked) -> str:  # noqa: PLR0911 -- as above
    """Write a question as a person might."""
    match asked:
        case Words(scope=scope):
            return _scoped(scope, _typed_words(random, asked))
        case Close(left, right, distance, ordered, scope):
            operator = f" {'ONEAR' if ordered else random.choice(('NEAR', 'near'))}/{distance} "
            inside = _typed_words(random, left) + operator + _typed_words(random, right)
            return _scoped(scope, f"（{inside}）")
        case Platform(values):
            return random.choice(("平台:", "platform：")) + random.choice(",，").join(values)
        case Reposts(sign, number):
            return f"转发{sign}{number}"
        case Every(parts):
            operator = random.choice((" ", " AND ", " 与 "))
            return "(" + operator.join(typed(random, part) for part in parts) + ")"
        case Some(parts):
            return "(" + random.choice((" OR ", " 或 ")).join(typed(random, p) for p in parts) + ")"
        case Lacks(part):
            return random.choice(("-", "NOT ", "非 ")) + f"({typed(random, part)})"


def folded(text: str) -> str:
    table = {variant: letter for letter, variants in VARIANTS.items() for variant in variants}
    return "".join(table.get(letter, letter) for letter in text)


def _occurrences(word: tuple[str, ...], text: str) -> set[Span]:
    first, *rest = word
    spans = {(at, at + len(first)) for at in range(len(text)) if text.startswith(first, at)}
    for part in rest:
        spans = {
            (start, end + gap + len(part))
            for start, end in spans
            for gap in range(LONGEST_GAP + 1)
            if text.startswith(part, end + gap)
        }
    return spans


def _texts(post: Post, scope: str) -> list[str]:
    if scope:
        return [folded(post.title if scope == "标题" else post.text)]
    return [folded(post.title), folded(post.text)]


def _is_close(asked: Close, text: str) -> bool:
    left = {span for word in asked.left.words for span in _occurrences(word, text)}
    right = {span for word in asked.right.words for span in _occurrences(word, text)}
    return any(
        0 <= start - end <= asked.distance
        for first, second in ([left, right], [right, left])[: 1 if asked.ordered else 2]
        for _, end in first
        for start, _ in second
    )


def is_met(asked: Asked, post: Post) -> bool:  # noqa: PLR0911 -- as above
    match asked:
        case Words(words, scope):
            return any(_occurrences(word, text) for text in _texts(post, scope) for word in words)
        case Close():
            return any(_is_close(asked, text) for text in _texts(post, asked.scope))
        case Platform(values):
            return post.platform in values
        case Reposts(sign, number):
            value = post.reposts
            if value is None:
                return False
            return {
                ">": value > number,
                ">=": value >= number,
                "<": value < number,
                "<=": value <= number,
                "=": value == number,
            }[sign]
        case Every(parts):
            return all(is_met(part, post) for part in parts)
        case Some(parts):
            return any(is_met(part, post) for part in parts)
        case Lacks(part):
            return not is_met(part, post)
