#!/usr/bin/env python3
# A transform in Python: lines in British spelling reach the room in American spelling.
#
#   echo 'my favourite colour' | mini-serv try -t 'exec=python3 examples/spelling.py'
#   mini-serv -t 'exec=python3 examples/spelling.py' 4242

import re
import sys

WORDS = {b"colour": b"color", b"favourite": b"favorite", b"neighbour": b"neighbor"}
PATTERN = re.compile(b"|".join(WORDS))

# Bytes, not text: a line need not be valid UTF-8.
for line in sys.stdin.buffer:
    sys.stdout.buffer.write(PATTERN.sub(lambda match: WORDS[match[0]], line))
    # Otherwise Python keeps its output until it has several KiB, and the room waits.
    sys.stdout.buffer.flush()
