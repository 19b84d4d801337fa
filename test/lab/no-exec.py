# Becomes a program that may not make memory executable, nor may anything that it starts:  no-exec.py PROGRAM ARGUMENT...
# Status 99 where the kernel (before 6.3) cannot do that. prctl(2), PR_SET_MDWE; linux/prctl.h has the numbers.
import ctypes
import os
import sys

PR_SET_MDWE = 65
PR_MDWE_REFUSE_EXEC_GAIN = 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
    sys.exit(99)
os.execvp(sys.argv[1], sys.argv[1:])
