"""A value read on first access and kept."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

__all__ = ["view"]

T = TypeVar("T")


class view(Generic[T]):  # noqa: N801 - it is used as a decorator
    """``functools.cached_property`` without the lock that it takes before Python 3.12.

    A description has a hundred views, and the lock costs more than most of them. Two threads that
    read the same view at once may both compute it, and get the same value.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self.function = function
        self.name = ""
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any]) -> T: ...

    def __get__(self, instance: object | None, owner: type[Any]) -> Self | T:
        if instance is None:
            return self
        # No data descriptor: from now on the attribute itself is found first.
        value = instance.__dict__[self.name] = self.function(instance)
        return value
