"""What drgn.helpers.linux.net gives as addresses."""

from drgn._functions import names_for_annotations
from drgn.helpers.linux.net import _netdev_ipv4_addrs, _netdev_ipv6_addrs

names_for_annotations(globals())

__all__ = ("netdev_ipv4_addrs", "netdev_ipv6_addrs")


def netdev_ipv4_addrs(dev: Object) -> List[ipaddress.IPv4Address]:
    """Return the IPv4 addresses of a network device, each as an ipaddress.IPv4Address.

    dev is a struct net_device *.
    """
    import ipaddress  # which takes long to load

    return [ipaddress.IPv4Address(a) for a in _netdev_ipv4_addrs(dev)]


def netdev_ipv6_addrs(dev: Object) -> List[ipaddress.IPv6Address]:
    """Return the IPv6 addresses of a network device, each as an ipaddress.IPv6Address.

    dev is a struct net_device *.
    """
    import ipaddress  # which takes long to load

    return [ipaddress.IPv6Address(a) for a in _netdev_ipv6_addrs(dev)]
