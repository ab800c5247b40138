module example.org/drgn

go 1.26
