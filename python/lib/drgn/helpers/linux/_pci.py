"""What drgn.helpers.linux.pci gives as an enumeration."""

import enum

from drgn._functions import names_for_annotations
from drgn.helpers.linux.pci import _pci_pcie_type

names_for_annotations(globals())

__all__ = ("PCI_EXP_TYPE", "pci_pcie_type")


class PCI_EXP_TYPE(enum.IntEnum):
    """What a PCI Express device is on its link (include/uapi/linux/pci_regs.h)."""

    __module__ = "drgn.helpers.linux.pci"

    ENDPOINT = 0x0
    LEG_END = 0x1
    ROOT_PORT = 0x4
    UPSTREAM = 0x5
    DOWNSTREAM = 0x6
    PCI_BRIDGE = 0x7
    PCIE_BRIDGE = 0x8
    RC_END = 0x9
    RC_EC = 0xA


def pci_pcie_type(dev: Object) -> Union["PCI_EXP_TYPE", int]:
    """Return what a PCI Express device is on its link, as a PCI_EXP_TYPE, or as a number that is none.

    dev is a struct pci_dev *. A device that is not a PCI Express one, whose pcie_cap is 0, is an ENDPOINT.
    """
    number = _pci_pcie_type(dev)
    try:
        return PCI_EXP_TYPE(number)
    except ValueError:
        return number
