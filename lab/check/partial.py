"""A dump of which a part is lost: what is there can be read, and an error for the rest says what it is. Arguments: the
guest's account, and what the errors say."""

import sys

import labtruth
from drgn import FaultError

check = labtruth.Check("pages")
said = sys.argv[2]
excluded = "page excluded by the dump filter"
read = lost = 0
memory = int(labtruth.read("meminfo")[0].split()[1]) << 10  # a little less than there is
for address in range(0, memory, 997 << 12):
    try:
        prog.read(address, 4096, True)
        read += 1
    except FaultError as e:
        lost += said in str(e)
        check.wrong_if(said not in str(e) and excluded not in str(e), str(e))
    except Exception as e:
        check.failed(hex(address), e)
check.wrong_if(read < 5, f"only {read} pages can be read")
check.wrong_if(lost < 5, f"only {lost} pages are said to be lost")
check.note(f"{read} read, {lost} lost")
check.done()
