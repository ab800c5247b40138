package dwarf

// An instance is what an instance of a function says of the abstract one it was made from (DWARF 5 section 3.3.8).
type instance struct {
	origins   [][]DIE         // of each of the function's scopes: what it was made from, innermost first
	mentioned map[uint64]bool // offsets of abstract blocks that have code in the instance, or of which a variable or a block has
}

// instance finds out which blocks of an abstract function those of fn were made from. GCC states it of blocks, Clang only of the variables in
// them, and both leave out blocks around others.
func (fn *Function) instance() (in instance, err error) {
	in.origins = make([][]DIE, len(fn.Scopes))
	in.mentioned = make(map[uint64]bool)
	if len(fn.Scopes) == 0 {
		return in, nil
	}
	abstract, ok, err := fn.Scopes[0].Ref(AttrAbstractOrigin)
	if err != nil || !ok {
		return in, err
	}
	in.origins[0] = []DIE{abstract}
	around, err := abstract.blocks()
	if err != nil {
		return in, err
	}
	if err := in.mention(fn.Scopes[0], around); err != nil {
		return in, err
	}
	inner := abstract.Off // what the scope around was made from
	for i, scope := range fn.Scopes[1:] {
		block, ok, err := scope.blockOrigin(around)
		if err != nil {
			return in, err
		}
		if !ok {
			continue
		}
		origin := block.Off
		for block.Off != inner && block.Off != abstract.Off {
			in.origins[i+1] = append(in.origins[i+1], block)
			if block, ok = around[block.Off]; !ok {
				break
			}
		}
		inner = origin
	}
	return in, nil
}

// blocks returns, by the offsets of what is in an abstract function and its blocks, which of them it is in.
func (d DIE) blocks() (map[uint64]DIE, error) {
	around := make(map[uint64]DIE)
	path := []DIE{d}
	w := d.Walk()
	for w.Next() {
		path = path[:w.Depth+1]
		around[w.DIE.Off] = path[w.Depth]
		if w.DIE.Tag == TagLexicalBlock {
			path = append(path, w.DIE)
		} else {
			w.SkipChildren()
		}
	}
	return around, w.Err()
}

// mention notes the abstract blocks of which a function's instance has code.
func (in *instance) mention(d DIE, around map[uint64]DIE) error {
	w := d.Walk()
	code := []bool{true} // of what is around, by depth
	for w.Next() {
		c, has := w.DIE, code[w.Depth]
		code = code[:w.Depth+1]
		switch c.Tag {
		case TagLexicalBlock:
			has = c.hasCode()
			code = append(code, has)
		case TagInlinedSubroutine: // its variables are those of another
			w.SkipChildren()
			continue
		default:
			w.SkipChildren()
		}
		if !has {
			continue
		}
		origin, ok, err := c.Ref(AttrAbstractOrigin)
		if err != nil {
			return err
		}
		block := origin
		if ok && origin.Tag != TagLexicalBlock {
			block, ok = around[origin.Off]
		}
		for ok && !in.mentioned[block.Off] {
			in.mentioned[block.Off] = true
			block, ok = around[block.Off]
		}
	}
	return w.Err()
}

// blockOrigin returns the abstract block that a block was made from: the one it states, or else the one that has what its variables were made from.
func (d DIE) blockOrigin(around map[uint64]DIE) (block DIE, ok bool, err error) {
	if block, ok, err = d.Ref(AttrAbstractOrigin); err != nil || ok {
		return block, ok, err
	}
	w := d.Walk()
	for w.Next() {
		c := w.DIE
		w.SkipChildren()
		if c.Tag != TagVariable {
			continue
		}
		origin, is, err := c.Ref(AttrAbstractOrigin)
		if err != nil {
			return DIE{}, false, err
		}
		if block, ok = around[origin.Off]; is && ok {
			return block, true, nil
		}
	}
	return DIE{}, false, w.Err()
}
