"""Changes one byte of a file: spoil_byte.py FILE POSITION (a share of the size from 0 to 1)."""

import sys

path, share = sys.argv[1], float(sys.argv[2])
with open(path, "r+b") as file:
    content = file.read()
    position = int(share * (len(content) - 1))
    file.seek(position)
    file.write(bytes([content[position] ^ 0x55]))
