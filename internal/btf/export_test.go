package btf

// CheckSplit checks a file as if it were split.
func (f *File) CheckSplit() error {
	for t := range f.All(^KindSet(0)) {
		if err := f.checkType(&t); err != nil {
			return err
		}
	}
	return nil
}
