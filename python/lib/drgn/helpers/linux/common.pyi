from drgn import Object
from drgn.helpers.common.memory import IdentifiedAddress
from drgn.helpers.linux.slab import SlabObjectInfo

class IdentifiedTaskStruct(IdentifiedAddress):
    task: Object
    def __init__(self, address: int, task: Object) -> None: ...

class IdentifiedTaskStack(IdentifiedAddress):
    task: Object
    def __init__(self, address: int, task: Object) -> None: ...

class IdentifiedSlabObject(IdentifiedAddress):
    slab_object_info: SlabObjectInfo
    def __init__(self, address: int, slab_object_info: SlabObjectInfo) -> None: ...

class IdentifiedVmap(IdentifiedAddress):
    vmap_area: Object
    vm_struct: Object
    def __init__(self, address: int, vmap_area: Object, vm_struct: Object) -> None: ...

class IdentifiedPage(IdentifiedAddress):
    page: Object
    pfn: int
    def __init__(self, address: int, page: Object, pfn: int) -> None: ...
