import enum
from typing import Union

from drgn import Object

class PCI_EXP_TYPE(enum.IntEnum):
    ENDPOINT = 0
    LEG_END = 1
    ROOT_PORT = 4
    UPSTREAM = 5
    DOWNSTREAM = 6
    PCI_BRIDGE = 7
    PCIE_BRIDGE = 8
    RC_END = 9
    RC_EC = 10

def pci_pcie_type(dev: Object) -> Union[PCI_EXP_TYPE, int]: ...
