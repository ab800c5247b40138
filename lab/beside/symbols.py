"""Symbols by name and by address, beside their ends, of the kernel and of modules; finders of symbols; sizes and kinds."""

import collections

from beside import answer, questions
from drgn import Symbol, SymbolBinding, SymbolIndex, SymbolKind  # used by questions


def shown(symbols):
    if isinstance(symbols, Symbol):
        symbols = [symbols]
    return sorted((s.name, s.address, s.size, s.binding.name, s.kind.name) for s in symbols)


def make(random, count):
    symbols = sorted((s for s in prog.symbols() if s.name), key=lambda s: (s.address, s.name))
    names, places = collections.Counter(s.name for s in symbols), collections.Counter(s.address for s in symbols)
    for _ in range(count):
        s = random.choice(symbols)
        try:
            prog.module(s.address)
        except LookupError:  # of a part of a module that was freed once it was there
            continue
        address = s.address + random.choice([0, 0, 1, s.size - 1, s.size, s.size + 1, s.size // 2, -1])
        kind = random.choice(["symbol(name)", "symbols(name)", "symbol(address)", "symbols(address)", "index"])
        # Of several symbols with a name, or without a size at an address, any is right.
        if kind == "symbol(name)" and names[s.name] > 1 or "address" in kind and s.size == 0 and places[s.address] > 1:
            continue
        if kind == "index":
            base = random.randrange(1 << 20)
            made = [
                f"Symbol('s{random.randrange(4)}', {base + random.randrange(64)}, {random.choice([0, 1, 8, 16, 64])}, "
                f"SymbolBinding.{random.choice(['LOCAL', 'GLOBAL', 'WEAK'])}, SymbolKind.{random.choice(['FUNC', 'OBJECT', 'NOTYPE', 'TLS'])})"
                for _ in range(random.randrange(8))
            ]
            asked = random.choice(["None, None", f"None, {base + random.randrange(72)}", f"'s{random.randrange(5)}', None"])
            yield kind, f"SymbolIndex([{', '.join(made)}])(prog, {asked}, {random.choice([True, False])})"
        elif "address" in kind:
            yield kind, f"prog.{kind[:-9]}({address % (1 << 64)})"
        else:
            yield kind, f"prog.{kind[:-6]}({random.choice([s.name, s.name, s.name + 'x'])!r})"


for kind, question in questions(make):
    answer(kind, question, lambda: shown(eval(question)))
