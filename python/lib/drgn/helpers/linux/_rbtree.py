"""What drgn.helpers.linux.rbtree does with Python functions."""

from drgn import NULL, container_of
from drgn.helpers import ValidationError
from drgn.helpers.linux.rbtree import rb_parent

__all__ = ("rb_find", "validate_rbtree", "validate_rbtree_inorder_for_each_entry")

# A tree of 2**64 nodes is at most this deep.
_MAX_DEPTH = 128

_RED, _BLACK = 0, 1


def rb_find(type, root, member, key, cmp):
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


def validate_rbtree_inorder_for_each_entry(type, root, member, cmp, allow_equal):
    """Walk the entries of a tree in its order, each as a pointer to type, and check that the tree is a valid one.

    root is a struct rb_root *; member is the member of type that is the tree's node. cmp is called with two entries and
    returns less than 0 when the first comes before the second, more when it comes after it, and 0 when both are equal,
    which is an error unless allow_equal is true. What is wrong with the tree is a ValidationError: the order, a parent, a
    red node below a red one, or paths with different numbers of black nodes.
    """
    prog = root.prog_
    type = prog.type(type)

    def wrong(node, what):
        return ValidationError(f"({node.type_.type_name()}){node.value_():#x} {what}")

    def colour(node):
        return node.member_("__rb_parent_color").value_() & 1

    previous = None
    blacks = None  # on the way to every place that has no node
    seen = set()
    # What is on the way to a node: [node, its black nodes with itself, what of it is done].
    path = []

    def enter(node, parent, above):
        nonlocal blacks
        if not node:
            if blacks is None:
                blacks = above
            elif blacks != above:
                raise wrong(parent, f"has {above} black nodes on a path down, where others have {blacks}")
            return
        address = node.value_()
        if address in seen:
            raise wrong(node, "is in the tree twice")
        seen.add(address)
        if rb_parent(node).value_() != (parent.value_() if parent is not None else 0):
            raise wrong(node, f"has parent {rb_parent(node).value_():#x}, not {parent.value_() if parent is not None else 0:#x}")
        if colour(node) == _RED:
            if parent is None:
                raise wrong(node, "is the root and red")
            if colour(parent) == _RED:
                raise wrong(node, "is red, as is its parent")
        path.append([node, above + (colour(node) == _BLACK), 0])

    top = root.rb_node.read_()
    if top:
        enter(top, None, 0)
    while path:
        step = path[-1]
        node, above, done = step
        step[2] += 1
        if done == 0:
            enter(node.rb_left.read_(), node, above)
        elif done == 1:
            entry = container_of(node, type, member)
            if previous is not None:
                order = cmp(previous, entry)
                if order > 0:
                    raise wrong(node, f"comes before {previous.value_():#x}, which precedes it in the tree")
                if order == 0 and not allow_equal:
                    raise wrong(node, f"is equal to {previous.value_():#x}")
            yield entry
            previous = entry
            enter(node.rb_right.read_(), node, above)
        else:
            path.pop()


def validate_rbtree(type, root, member, cmp, allow_equal):
    """Check that a tree is a valid one, as validate_rbtree_inorder_for_each_entry() does."""
    for _ in validate_rbtree_inorder_for_each_entry(type, root, member, cmp, allow_equal):
        pass
