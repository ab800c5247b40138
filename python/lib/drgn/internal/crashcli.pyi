"""The prompt of crash's commands as a program of its own: drgn-crash."""
