# Debugging information that dwz moved to a supplementary file.

import struct

import drgn
from dwarfmake import INT, F, Writer, d, unit, write

i = INT()
s = d("structure_type", F("strp", "alt_struct"), d("member", "a", type=i, data_member_location=0), byte_size=4)
shared = unit(s, i, kind="partial", language=None, name=None, comp_dir=None)
build_id = b"\x12\x34\x56\x78" * 5
note = dict(data=struct.pack("<III", 4, 20, 3) + b"GNU\0" + build_id, type=7, flags=2, addr=0x200, align=4)
sup = write(shared, extra={".note.gnu.build-id": note})
w = Writer([shared])
location = b"\x03" + (0x1234).to_bytes(8, "little")
to = F("GNU_ref_alt", s.offset)
x = d("variable", "x", type=to, location=location)
y = d("variable", F("GNU_strp_alt", w.strings.at[b"alt_struct"]), type=F("GNU_ref_alt", s.offset), location=location)
main = write(unit(x, y), extra={".gnu_debugaltlink": sup.encode() + b"\0" + build_id})
prog = drgn.Program()
m = prog.extra_module("m", create=True)
m.try_file(main)
m.debug_file_status
m.wanted_supplementary_debug_file()
m.try_file(main)
m.debug_file_status
m.try_file(sup)
m.debug_file_status
prog["x"]
prog["alt_struct"]
prog["x"].type_
