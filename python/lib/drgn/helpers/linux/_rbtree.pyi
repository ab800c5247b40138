from typing import Callable, Iterator, TypeVar, Union

from drgn import Object, Type

_KeyType = TypeVar("_KeyType")

def rb_find(type: Union[str, Type], root: Object, member: str, key: _KeyType, cmp: Callable[[_KeyType, Object], int]) -> Object: ...
def validate_rbtree_inorder_for_each_entry(
    type: Union[str, Type], root: Object, member: str, cmp: Callable[[Object, Object], int], allow_equal: bool
) -> Iterator[Object]: ...
def validate_rbtree(type: Union[str, Type], root: Object, member: str, cmp: Callable[[Object, Object], int], allow_equal: bool) -> None: ...
