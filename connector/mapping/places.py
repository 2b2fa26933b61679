"""Places in a mapping: from where pydantic says a problem is to where people find it.

Pydantic counts criteria and mentions the members of unions that it tried; people know criteria by their id. So a
location is walked along the models, which also tells what the place expects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, Tag

from connector.mapping.model import Mapping

Raw: TypeAlias = Any  # what a TOML file holds
Expected: TypeAlias = Any  # a type annotation


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a mapping a problem is.

    Attributes:
        path: as people read it, such as ``criteria[company_size].scale.full``; entries of lists count from 1.
        name: the last key, without any index; for a problem with a key itself, that of the table which has it.
        model: the part of the mapping around it.
        expected: what it should hold, a type annotation.
        data: what it holds.
    """

    path: str = ""
    name: str = ""
    model: type[BaseModel] = Mapping
    expected: Expected = Mapping
    data: Raw = None

    @property
    def parent(self) -> str:
        """Path of what holds it."""
        return self.path.rpartition(".")[0]

    @property
    def takes_several_types(self) -> bool:
        """Whether pydantic reports a problem for each of several types that the value could have."""
        members = _members(self.expected)
        return bool(members) and not _are_tagged(members)

    @property
    def words(self) -> tuple[object, ...]:
        """The only values that it takes, if there are such."""
        annotation = _plain(self.expected)
        return get_args(annotation) if _origin(annotation) is Literal else ()

    @property
    def keys(self) -> list[str]:
        """The keys that the part of the mapping around it may have, as a file spells them."""
        return [field.alias or name for name, field in self.model.model_fields.items()]


def place_of(location: tuple[int | str, ...], data: Raw) -> Place:
    """The place behind a pydantic location, for a mapping that was read as `data`."""
    about_key = location[-1:] == ("[key]",)  # a problem with the key itself, not with its value
    place = holder = Place(data=data)
    for step in location[:-1] if about_key else location:
        members = _members(place.expected)
        if members and not _are_tagged(members):
            return place  # what follows is about one of several types; people know the key alone
        if members:
            chosen = next((each for each in members if tag_of(each) == step), None)
            place = replace(place, expected=chosen)
        else:
            holder, place = place, _step(place, step)
    if about_key:
        expected = get_args(_plain(holder.expected))[0]
        return replace(place, name=holder.name, expected=expected, data=place.name)
    return place


def tag_of(member: Expected) -> str | None:
    """What pydantic calls a member of a tagged union."""
    if _origin(member) is Annotated:
        return next((each.tag for each in member.__metadata__ if isinstance(each, Tag)), None)
    if isinstance(member, type) and issubclass(member, BaseModel) and "kind" in member.model_fields:
        return str(get_args(member.model_fields["kind"].annotation)[0])
    return None


def _step(place: Place, step: int | str) -> Place:
    annotation, data = _plain(place.expected), place.data
    if isinstance(step, int):
        inside = data[step] if isinstance(data, list) and step < len(data) else None
        id_ = inside.get("id") if isinstance(inside, dict) and place.path == "criteria" else None
        label = id_ if isinstance(id_, str) and id_ else step + 1
        return Place(f"{place.path}[{label}]", place.name, place.model, _inside(annotation), inside)
    inside = data.get(step) if isinstance(data, dict) else None
    path = f"{place.path}.{step}" if place.path else step
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if isinstance(data, str):  # a plain text that stands for a table: people wrote no key
            return replace(place, expected=_type_of(annotation, step))
        return Place(path, step, annotation, _type_of(annotation, step), inside)
    return Place(path, step, place.model, _inside(annotation), inside)


def _inside(annotation: Expected) -> Expected:
    """What the entries of a list, or the values of a table, should be."""
    arguments = get_args(annotation)
    return {tuple: arguments[:1], dict: arguments[1:]}.get(_origin(annotation), (None,))[0]


def _type_of(model: type[BaseModel], key: str) -> Expected:
    return next(
        (field.annotation for name, field in model.model_fields.items() if (field.alias or name) == key), None
    )


def _origin(annotation: Expected) -> Any:  # noqa: ANN401 - list, Union, Annotated ...
    return get_origin(annotation)


def _plain(annotation: Expected) -> Expected:
    """An annotation without Annotated, and without None as an alternative."""
    while _origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if _origin(annotation) in (Union, UnionType):
        others = [each for each in get_args(annotation) if each is not NoneType]
        if len(others) == 1:
            return _plain(others[0])
    return annotation


def _members(annotation: Expected) -> list[Expected]:
    """The members of a union, tags kept; nothing if it is none."""
    plain = _plain(annotation)
    if _origin(plain) not in (Union, UnionType):
        return []
    return [each for each in get_args(plain) if each is not NoneType]


def _are_tagged(members: list[Expected]) -> bool:
    return all(tag_of(each) is not None for each in members)
