"""The OpenAPI 3.1 document of /api/v1, made from the table of endpoints and the records they answer with."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum, IntEnum
from typing import Union, get_args, get_origin, get_type_hints

from webui.api.representation import is_id

Schema = dict[str, object]
PROBLEM: Schema = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
}


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    description: str
    schema: Schema
    where: str = "query"
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``record`` is what one answer is, or each of ``items`` where ``is_page``."""

    path: str
    summary: str
    permission: str
    record: type | None = None
    is_page: bool = False
    parameters: Sequence[Parameter] = ()
    method: str = "get"


def document(endpoints: Sequence[Endpoint], version: str) -> Schema:
    components: dict[str, Schema] = {"Problem": PROBLEM}
    paths: dict[str, dict[str, object]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method] = _operation(endpoint, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "职声 API", "version": version},
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "zhisheng"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{"session": []}, {"token": []}],
    }


def _operation(endpoint: Endpoint, components: dict[str, Schema]) -> Schema:
    record: Schema = {"type": "object"}
    if endpoint.record is not None:
        record = schema_of(endpoint.record, "", components)
    answer = record
    if endpoint.is_page:
        answer = {
            "type": "object",
            "required": ["items", "cursor", "total"],
            "properties": {
                "items": {"type": "array", "items": record},
                "cursor": {"type": ["string", "null"]},
                "total": {"type": ["integer", "null"]},
            },
        }
    problem = {
        "description": "problem+json",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    return {
        "summary": endpoint.summary,
        "description": f"权限：{endpoint.permission}",
        "parameters": [_parameter(parameter) for parameter in endpoint.parameters],
        "responses": {
            "200": {"description": "OK", "content": {"application/json": {"schema": answer}}},
            "default": problem,
        },
    }


def _parameter(parameter: Parameter) -> Schema:
    schema = {"type": "array", "items": parameter.schema} if parameter.is_list else parameter.schema
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.description,
        "schema": schema,
    }


def schema_of(kind: object, name: str, components: dict[str, Schema]) -> Schema:  # noqa: PLR0911 (one return per kind of type)
    """Describe a type as ``represent`` writes it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        described = [schema_of(one, name, components) for one in arguments if one is not type(None)]
        return (
            {"anyOf": [*described, {"type": "null"}]}
            if type(None) in arguments
            else {"anyOf": described}
        )
    if origin is not None and isinstance(origin, type):
        if issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": True}
        return (
            {"type": "array", "items": schema_of(arguments[0], name, components)}
            if arguments
            else {"type": "array"}
        )
    if not isinstance(kind, type):
        return {}
    if is_dataclass(kind):
        return _reference(kind, components)
    if issubclass(kind, Enum):
        values = [
            member.name.lower() if issubclass(kind, IntEnum) else member.value for member in kind
        ]
        return {"type": "string", "enum": values}
    return _plain(kind, name)


def _plain(kind: type, name: str) -> Schema:
    if kind is int and is_id(name):
        return {"type": "string", "pattern": "^[0-9]+$"}
    known: dict[type, Schema] = {
        str: {"type": "string"},
        int: {"type": "integer"},
        float: {"type": "number"},
        bool: {"type": "boolean"},
        bytes: {"type": "string", "pattern": "^[0-9a-f]*$"},
        dt.datetime: {"type": "string", "format": "date-time"},
        dt.date: {"type": "string", "format": "date"},
    }
    return known.get(kind, {})


def _reference(record: type, components: dict[str, Schema]) -> Schema:
    name = record.__name__
    if name not in components:
        components[name] = {}
        hints = get_type_hints(record)
        names = [field.name for field in fields(record)]
        components[name] = {
            "type": "object",
            "required": names,
            "properties": {field: schema_of(hints[field], field, components) for field in names},
        }
    return {"$ref": f"#/components/schemas/{name}"}
