print(get_dmesg(prog).decode())
