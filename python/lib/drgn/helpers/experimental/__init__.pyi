from drgn.helpers.experimental.kmodify import *
