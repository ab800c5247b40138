from drgn.helpers.common.format import *
from drgn.helpers.common.memory import *
from drgn.helpers.common.prog import *
from drgn.helpers.common.stack import *
from drgn.helpers.common.type import *
