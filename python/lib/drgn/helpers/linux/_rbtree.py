"""What drgn.helpers.linux.rbtree does with Python functions."""

from drgn._functions import names_for_annotations
from drgn import NULL, container_of
from drgn.helpers import ValidationError
from drgn.helpers.linux.rbtree import rb_parent

names_for_annotations(globals())

__all__ = ("rb_find", "validate_rbtree", "validate_rbtree_inorder_for_each_entry")

# A tree of 2**64 nodes is at most this deep.
_MAX_DEPTH = 128

_RED, _BLACK = 0, 1


def rb_find(type: Union[str, Type], root: Object, member: str, key: Any, cmp: Callable[[Any, Object], int]) -> Object:
    """Return the entry of a tree that has a key, as a pointer to type; a null pointer if there is none.

    root is a struct rb_root *; member is the member of type that is the tree's node. cmp is called with key and an entry
    and returns less than 0 when the key comes before the entry, more when it comes after it, and 0 when it is the one.
    """
    prog = root.prog_
    type = prog.type(type)
    node = root.rb_node.read_()
    for _ in range(_MAX_DEPTH):
        if not node:
            return NULL(prog, prog.pointer_type(type))
        entry = container_of(node, type, member)
        order = cmp(key, entry)
        if order == 0:
            return entry
        node = (node.rb_left if order < 0 else node.rb_right).read_()
    raise ValidationError(f"red-black tree is corrupt: it is more than {_MAX_DEPTH} levels deep at {node.value_():#x}")


def validate_rbtree_inorder_for_each_entry(
    type: Union[str, Type], root: Object, member: str, cmp: Callable[[Object, Object], int], allow_equal: bool
) -> Iterator[Object]:
    """Walk the entries of a tree in its order, each as a pointer to type, and check that the tree is a valid one.

    root is a struct rb_root *; member is the member of type that is the tree's node. cmp is called with two entries and
    returns less than 0 when the first comes before the second, more when it comes after it, and 0 when both are equal,
    which is an error unless allow_equal is true. What is wrong with the tree is a ValidationError: the order, a parent, a
    red node below a red one, or paths with different numbers of black nodes.
    """
    prog = root.prog_
    type = prog.type(type)

    def wrong(node, what, which=""):
        return ValidationError(f"{which}({node.type_.type_name()}){node.value_():#x} {what}")

    def colour(node):
        return node.member_("__rb_parent_color").value_() & 1

    previous = None
    seen = set()
    # What is on the way to a node: [node, its entry, what of it is done, the black nodes on a path down on its left, those on its right].
    path = []

    def enter(node, parent, side):
        if not node:
            return
        address = node.value_()
        above = rb_parent(node).value_()
        entry = container_of(node, type, member)
        if parent is None:
            if above:
                raise wrong(node, f"has parent {above:#x}", "root node ")
            if colour(node) == _RED:
                raise wrong(node, "is red", "root node ")
        else:
            if above != parent[0].value_():
                raise wrong(parent[0], f"rb_{side} {address:#x} has rb_parent {above:#x}")
            if colour(parent[0]) == _RED and colour(node) == _RED:
                raise wrong(parent[0], f"has red child {address:#x}", "red node ")
            order = cmp(entry, parent[1])
            if order == 0 and not allow_equal:
                raise wrong(parent[1], f"{side} child {entry.value_():#x} compares equal to it")
            if order > 0 if side == "left" else order < 0:
                raise wrong(parent[1], f"{side} child {entry.value_():#x} compares {'greater' if order > 0 else 'less'} than it")
        if address in seen:
            raise wrong(node, "is in the tree twice")
        seen.add(address)
        path.append([node, entry, 0, 0, 0])

    enter(root.rb_node.read_(), None, None)
    while path:
        step = path[-1]
        node, entry, done, left, right = step
        step[2] += 1
        if done == 0:
            enter(node.rb_left.read_(), step, "left")
        elif done == 1:
            if previous is not None:
                order = cmp(previous, entry)
                if order > 0:
                    raise wrong(node, f"comes before {previous.value_():#x}, which precedes it in the tree")
                if order == 0 and not allow_equal:
                    raise wrong(node, f"compares equal to {previous.value_():#x}")
            yield entry
            previous = entry
            enter(node.rb_right.read_(), step, "right")
        else:
            if left != right:
                raise wrong(node, f"have unequal black heights ({left} != {right})", "left and right subtrees of ")
            path.pop()
            if path:
                path[-1][3 if path[-1][2] == 1 else 4] = left + (colour(node) == _BLACK)


def validate_rbtree(type: Union[str, Type], root: Object, member: str, cmp: Callable[[Object, Object], int], allow_equal: bool) -> None:
    """Check that a tree is a valid one, as validate_rbtree_inorder_for_each_entry() does."""
    for _ in validate_rbtree_inorder_for_each_entry(type, root, member, cmp, allow_equal):
        pass
