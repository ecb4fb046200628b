"""Reading a list of sources: every fault with its line, so that a person finds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LEVELS = ("national", "provincial", "city", "commercial", "public")
REQUIRED = ("name", "kind", "platform", "level")
TEXTS = ("name", "kind", "url", "platform", "level", "legal_basis", "adcode")
NUMBERS = ("interval_s", "interval_floor_s", "interval_ceiling_s")
FLAGS = ("needs_browser", "unverified", "paused")
LARGEST_TEXT = 500_000
MOST_ENTRIES = 2000
DEEPEST = 12
SHORTEST_INTERVAL_S = 1
# The one in C is much faster; both read the same language.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
USUAL_INTERVAL_S = 1800
_WORDS = {
    "name": "名称", "kind": "类型", "url": "网址", "platform": "平台", "level": "层级",
    "legal_basis": "合规依据", "adcode": "地区代码", "interval_s": "采集间隔",
    "interval_floor_s": "最短间隔", "interval_ceiling_s": "最长间隔", "options": "选项",
    "needs_browser": "用浏览器", "unverified": "尚未验证", "paused": "暂停",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One source of a list. ``unverified``: nobody has tried the address; ``line`` is where it begins."""

    name: str
    kind: str
    platform: str
    level: str
    url: str | None = None
    legal_basis: str | None = None
    adcode: str | None = None
    interval_s: int = USUAL_INTERVAL_S
    interval_floor_s: int | None = None
    interval_ceiling_s: int | None = None
    needs_browser: bool = False
    unverified: bool = False
    paused: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class EntryFault:
    """``text`` is a Chinese sentence; ``line`` counts from 1."""

    line: int
    text: str
    name: str = ""

    def __str__(self) -> str:
        return f"第 {self.line} 行：{self.text}"


@dataclass(frozen=True, slots=True)
class EntryList:
    """What could be read, and what could not: an entry with a fault is not among ``entries``."""

    entries: tuple[SourceEntry, ...] = ()
    faults: tuple[EntryFault, ...] = ()


def read_entries(text: str) -> EntryList:
    """Read a list in YAML; never raises. Anchors and tags are refused: a list has no use for them."""
    if len(text) > LARGEST_TEXT:
        return EntryList(faults=(EntryFault(1, f"清单超过 {LARGEST_TEXT // 1000} KB，没有读取。"),))
    try:
        fault = _fault_of_structure(text)
        root = yaml.compose(text, _LOADER) if fault is None else None
    except yaml.YAMLError as error:
        return EntryList(faults=(_yaml_fault(error),))
    if fault is not None:
        return EntryList(faults=(fault,))
    if not isinstance(root, SequenceNode):
        line = root.start_mark.line + 1 if root is not None else 1
        return EntryList(faults=(EntryFault(line, "清单应是一个列表，每条以「- name:」开头。"),))
    return _entries(root)


def _fault_of_structure(text: str) -> EntryFault | None:
    """Look at the events one by one, so that neither depth nor references are ever built."""
    depth = 0
    for event in yaml.parse(text, _LOADER):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.AliasEvent):
            return EntryFault(line, "不支持 YAML 的引用（& 和 *）。")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return EntryFault(line, "YAML 嵌套太深，没有读取。")
    return None


def _entries(root: SequenceNode) -> EntryList:
    faults: list[EntryFault] = []
    entries: list[SourceEntry] = []
    names: dict[str, int] = {}
    for node in root.value[:MOST_ENTRIES]:
        found = list(_faults(node))
        entry = None if found else _entry(node)
        if entry is not None and entry.name in names:
            found = [EntryFault(entry.line, f"名称「{entry.name}」和第 {names[entry.name]} 行的重复。", entry.name)]  # fmt: skip
        if found or entry is None:
            faults.extend(found)
            continue
        names[entry.name] = entry.line
        entries.append(entry)
    if len(root.value) > MOST_ENTRIES:
        line = root.value[MOST_ENTRIES].start_mark.line + 1
        faults.append(EntryFault(line, f"一次最多 {MOST_ENTRIES} 条，从这里起没有读。"))
    return EntryList(tuple(entries), tuple(faults))


def _yaml_fault(error: yaml.YAMLError) -> EntryFault:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "读不懂"
    line = mark.line + 1 if mark is not None else 1
    return EntryFault(
        line, f"不是正确的 YAML（{problem}）。请检查缩进和引号；名称里有冒号时要加引号。"
    )


def _faults(node: Node) -> Iterator[EntryFault]:
    line = node.start_mark.line + 1
    if not isinstance(node, MappingNode):
        yield EntryFault(line, "这一条应有名称、类型、网址等项。")
        return
    values = _fields(node)
    name = _scalar(values.get("name")) or ""
    for key, value in values.items():
        fault = _value_fault(key, value)
        if fault:
            yield EntryFault(value.start_mark.line + 1, fault, name)
    for key in REQUIRED:
        if not _scalar(values.get(key)):
            yield EntryFault(line, f"没有填{_WORDS[key]}（{key}）。", name)
    seen: set[str] = set()
    for key_node, _ in node.value:
        key = str(key_node.value)
        if key in seen:
            yield EntryFault(key_node.start_mark.line + 1, f"「{key}」写了两次。", name)
        seen.add(key)


def _value_fault(key: str, node: Node) -> str | None:
    text = _scalar(node)
    if key not in _WORDS:
        return f"有不认识的项「{key[:40]}」，可用：{'、'.join(_WORDS)}。"
    if key == "options":
        return None if isinstance(node, MappingNode) else "「options」应是名称与值。"
    if text is None:
        return f"{_WORDS[key]}（{key}）要填一个值，不能是列表或结构。"
    if not text:
        return None
    return _text_fault(key, text)


def _text_fault(key: str, text: str) -> str | None:
    if key == "level" and text not in LEVELS:
        return f"层级「{text}」不对，只能是：{'、'.join(LEVELS)}。"
    if key == "url" and not _is_web_address(text):
        return f"网址「{text[:100]}」应以 http:// 或 https:// 开头。"
    if key == "adcode" and not (len(text) == 6 and text.isascii() and text.isdigit()):  # noqa: PLR2004 (digits of a code)
        return f"地区代码「{text}」应是六位数字。"
    is_number = text.isascii() and text.isdigit() and int(text[:12]) >= SHORTEST_INTERVAL_S
    if key in NUMBERS and not is_number:
        return f"{_WORDS[key]}「{text}」应是不小于 {SHORTEST_INTERVAL_S} 的整数（秒）。"
    if key in FLAGS and text.lower() not in {"true", "false", "yes", "no"}:
        return f"{_WORDS[key]}「{text}」只能是 true 或 false。"
    return None


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _fields(node: MappingNode) -> dict[str, Node]:
    return {str(key.value): value for key, value in node.value}


def _scalar(node: Node | None) -> str | None:
    """Give a value as it is written; None for a list or a mapping, and for one left out."""
    if not isinstance(node, ScalarNode):
        return None
    return "" if node.tag.endswith(":null") else str(node.value).strip()


def _entry(node: Node) -> SourceEntry:
    assert isinstance(node, MappingNode)  # noqa: S101 (checked by _faults; narrows the type)
    values = _fields(node)
    texts = {key: _scalar(values.get(key)) or None for key in TEXTS}
    numbers = {key: int(text) for key in NUMBERS if (text := _scalar(values.get(key)))}
    flags = {key: (_scalar(values.get(key)) or "").lower() in {"true", "yes"} for key in FLAGS}
    options = values.get("options")
    return SourceEntry(
        name=texts["name"] or "", kind=texts["kind"] or "", platform=texts["platform"] or "",
        level=texts["level"] or "", url=texts["url"], legal_basis=texts["legal_basis"],
        adcode=texts["adcode"], interval_s=numbers.get("interval_s", USUAL_INTERVAL_S),
        interval_floor_s=numbers.get("interval_floor_s"),
        interval_ceiling_s=numbers.get("interval_ceiling_s"),
        needs_browser=flags["needs_browser"], unverified=flags["unverified"],
        paused=flags["paused"],
        options={str(key.value): _plain(value) for key, value in options.value}
        if isinstance(options, MappingNode) else {},
        line=node.start_mark.line + 1,
    )  # fmt: skip


def _plain(node: Node) -> object:
    """Turn a value of an option into what a form would have sent."""
    if isinstance(node, SequenceNode):
        return [_plain(child) for child in node.value]
    if isinstance(node, MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if node.tag.endswith(":bool"):
        return str(node.value).lower() in {"true", "yes", "on"}
    return _scalar(node)
