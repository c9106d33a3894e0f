"""Resources as JSON documents and back: one codec for every kind, made from the fields' types.

A document holds every field; addresses and networks are written as text, tuples as lists. Reading fills in what has a
default, and refuses what it does not know; CodecError names the place, such as `cidr_blocks[1]`.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import operator
import socket
import types
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from controller.errors import CodecError
from controller.model.resources import KINDS, Resource

_T = TypeVar("_T")
_Convert = Callable[[Any], Any]

_ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)
_NETWORKS = (ipaddress.IPv4Network, ipaddress.IPv6Network)
_PLAIN = (str, int, bool)


class Codec:
    """Converts resources, `more` kinds besides the project's own. Making one looks at every kind; using it does not."""

    def __init__(self, more: Iterable[type[Resource]] = ()) -> None:
        self._encoders: dict[type, _Convert] = {}
        self._decoders: dict[type, _Convert] = {}
        self._kinds: dict[str, type[Resource]] = {}
        self.learn((*KINDS, *more))

    def learn(self, kinds: Iterable[type[Resource]]) -> None:
        """Adds kinds; one of a name that is known takes that one's place."""
        for kind in kinds:
            self._kinds[kind.__name__] = kind
            self._encoders[kind] = _encoder(kind)
            self._decoders[kind] = _decoder(kind)

    def knows(self, kind: str) -> bool:
        """Whether documents of that kind can be read."""
        return kind in self._kinds

    def encode(self, resource: Resource) -> dict[str, Any]:
        """The document of a resource, without its kind."""
        encoder = self._encoders.get(type(resource))
        if encoder is None:
            self.learn((type(resource),))
            encoder = self._encoders[type(resource)]
        return encoder(resource)

    def decode(self, kind: str, document: object) -> Resource:
        """The resource behind a document of that kind, such as "Vpc"."""
        found = self._kinds.get(kind)
        if found is None:
            raise CodecError(f"{kind!r} is no kind of resource (there are {', '.join(self._kinds)})")
        try:
            return self._decoders[found](document)
        except CodecError as error:
            raise CodecError(f"{kind}.{error}") from None


def _encoder(annotation: Any) -> _Convert:
    if dataclasses.is_dataclass(annotation):
        hints = get_type_hints(annotation)
        plain = [f.name for f in dataclasses.fields(annotation) if hints[f.name] in _PLAIN]
        others = [(f.name, _encoder(hints[f.name])) for f in dataclasses.fields(annotation) if f.name not in plain]

        def encode(value: Any) -> dict[str, Any]:
            document = {name: getattr(value, name) for name in plain}
            for name, convert in others:
                document[name] = convert(getattr(value, name))
            return document

        return encode
    if annotation in _PLAIN:
        return lambda value: value
    if get_origin(annotation) is Literal:
        return lambda value: value
    if get_origin(annotation) is tuple:
        item = _encoder(get_args(annotation)[0])
        return lambda value: [item(part) for part in value]
    options = _options(annotation)
    if type(None) in options:
        inner = _encoder(next(option for option in options if option is not type(None)))
        return lambda value: None if value is None else inner(value)
    return str


def _decoder(annotation: Any) -> _Convert:
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        return _dataclass_decoder(annotation)
    if annotation in _PLAIN:
        return _plain_decoder(annotation)
    if get_origin(annotation) is Literal:
        return _literal_decoder(get_args(annotation))
    if get_origin(annotation) is tuple:
        return _tuple_decoder(_decoder(get_args(annotation)[0]))
    options = _options(annotation)
    if type(None) in options:
        inner = _decoder(functools.reduce(operator.or_, (option for option in options if option is not type(None))))
        return lambda value: None if value is None else inner(value)
    return _text_decoder(options)


def _dataclass_decoder(kind: type) -> _Convert:
    hints = get_type_hints(kind)
    plain = {field.name: hints[field.name] for field in dataclasses.fields(kind) if hints[field.name] in _PLAIN}
    fields = {field.name: _decoder(hints[field.name]) for field in dataclasses.fields(kind)}
    required = {
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }

    def decode(document: Any) -> Any:
        if not isinstance(document, dict):
            raise CodecError(f" {document!r} is not an object")
        values = {}
        name = ""
        try:
            for name, value in document.items():
                values[name] = value if type(value) is plain.get(name) else fields[name](value)
        except KeyError:
            raise CodecError(f"{name} is no field of it (there are {', '.join(fields)})") from None
        except CodecError as error:
            raise CodecError(f"{name}{error}") from None
        try:
            return kind(**values)
        except TypeError:  # cheaper than asking first, a hundred thousand times
            raise CodecError(f"{min(required - values.keys())} is missing") from None

    return decode


def _plain_decoder(kind: type) -> _Convert:
    def decode(value: Any) -> Any:
        if type(value) is not kind:
            raise CodecError(f": {value!r} is not of type {kind.__name__}")
        return value

    return decode


def _literal_decoder(allowed: tuple[Any, ...]) -> _Convert:
    def decode(value: Any) -> Any:
        if value not in allowed:
            raise CodecError(f": {value!r} is none of {', '.join(map(repr, allowed))}")
        return value

    return decode


def _tuple_decoder(item: _Convert) -> _Convert:
    def decode(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise CodecError(f": {value!r} is not a list")
        parts = []
        try:
            for part in value:
                parts.append(item(part))
        except CodecError as error:
            raise CodecError(f"[{len(parts)}]{error}") from None
        return tuple(parts)

    return decode


def _text_decoder(options: tuple[type, ...]) -> _Convert:
    if set(options) == set(_ADDRESSES):
        parse: _Convert = _address
    elif set(options) == set(_NETWORKS):
        parse = ipaddress.ip_network
    elif len(options) == 1 and options[0] in (*_ADDRESSES, *_NETWORKS):
        parse = options[0]
    else:
        raise TypeError(f"the codec does not know {options}")

    def decode(value: Any) -> Any:
        if type(value) is not str:
            raise CodecError(f": {value!r} is not text")
        if "%" in value:
            raise CodecError(f": {value!r} has a zone")
        try:
            return parse(value)
        except ValueError as error:
            raise CodecError(f": {error}") from None

    return decode


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """As ipaddress.ip_address, in half the time for IPv4: a region may have a hundred thousand."""
    try:
        return ipaddress.IPv4Address(socket.inet_pton(socket.AF_INET, text))
    except (OSError, ValueError):
        return ipaddress.ip_address(text)


def _options(annotation: Any) -> tuple[type, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)
