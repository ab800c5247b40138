import ipaddress
from typing import List

from drgn import Object

def netdev_ipv4_addrs(dev: Object) -> List[ipaddress.IPv4Address]: ...
def netdev_ipv6_addrs(dev: Object) -> List[ipaddress.IPv6Address]: ...
