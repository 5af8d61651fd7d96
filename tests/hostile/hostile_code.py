"""What strangers' code tries: each entry is a cell of a notebook, and what must not be seen afterwards.

A cell prints REACHED when it got what it wanted.
"""

from __future__ import annotations

READ = "try:\n    print('REACHED', open({path!r}, 'rb').read(20))\nexcept OSError as error:\n    print(type(error).__name__)"
WRITE = "try:\n    open({path!r}, 'a').write('x')\n    print('REACHED')\nexcept OSError as error:\n    print(type(error).__name__)"
CONNECT = (
    "import socket\ntry:\n    socket.create_connection({to!r}, 3)\n    print('REACHED')\n"
    "except OSError as error:\n    print(type(error).__name__)"
)

#: Paths are filled in by the test: COURSE is the course's folder, PYTHON the installation.
FILES = {
    "reads the gradebook": READ.format(path="COURSE/gradebook.db"),
    "writes the gradebook": WRITE.format(path="COURSE/gradebook.db"),
    "reads the judges": READ.format(path="COURSE/exercises/tiny.py"),
    "reads the master notebook": READ.format(path="COURSE/source/tiny/tiny.ipynb"),
    "reads the master's lib": READ.format(path="COURSE/lib/layers.py"),
    "reads another submission": READ.format(path="COURSE/submitted/victim/tiny/lib/layers.py"),
    "writes another submission": WRITE.format(path="COURSE/submitted/victim/tiny/lib/layers.py"),
    "reads the secret": READ.format(path="COURSE/.gradlab/secret"),
    "writes a bundle": WRITE.format(path="COURSE/.gradlab/bundles/tiny/x"),
    "writes the configuration": WRITE.format(path="COURSE/nbgrader_config.py"),
    "writes into the master notebook": WRITE.format(path="COURSE/source/tiny/tiny.ipynb"),
    "writes into the release": WRITE.format(path="COURSE/release/tiny/tiny.ipynb"),
    "writes among the devices": WRITE.format(path="/dev/grows"),
    "reads the passwords": READ.format(path="/etc/shadow"),
    "reads the users": READ.format(path="/etc/passwd"),
    "writes into Python": WRITE.format(path="PYTHON/site.py"),
    "looks through the first process": READ.format(path="/proc/1/root/COURSE/gradebook.db"),
    "lists the course": "import os\ntry:\n    found = [n for n in os.listdir('COURSE') if n.endswith('.db') or n == 'source']\n"
    "    print('REACHED' if found else 'nothing')\nexcept OSError as error:\n    print(type(error).__name__)",
    "climbs up from its own folder": "import pathlib\nfor up in pathlib.Path.cwd().parents:\n"
    "    print('REACHED' if list(up.glob('gradebook.db')) else 'nothing')",
    "follows a link out": "import os\nos.symlink('COURSE/gradebook.db', 'way')\ntry:\n    print('REACHED', open('way', 'rb').read(9))\n"
    "except OSError as error:\n    print(type(error).__name__)",
}

NETWORK = {
    "calls the internet": CONNECT.format(to=("1.1.1.1", 53)),
    "calls the cloud's metadata": CONNECT.format(to=("169.254.169.254", 80)),
    "asks for a name": "import socket\ntry:\n    print('REACHED', socket.gethostbyname('example.org'))\n"
    "except OSError as error:\n    print(type(error).__name__)",
    "calls a port of the grader": "import socket\ntry:\n    socket.create_connection(('127.0.0.1', PORT), 3)\n    print('REACHED')\n"
    "except OSError as error:\n    print(type(error).__name__)",
    "looks for sockets of the host": "import glob\nfound = [p for p in ('/run/docker.sock', '/var/run/dbus/system_bus_socket', '/run/user')"
    " if glob.glob(p)]\nprint('REACHED' if found else 'none')",
}

PROCESSES = {
    "reads the grader's environment": "import glob, os\nfound = [p for p in glob.glob('/proc/[0-9]*/environ')"
    " if os.access(p, os.R_OK) and b'SECRET_OF_THE_GRADER' in open(p, 'rb').read()]\nprint('REACHED' if found else 'none')",
    "has the grader's environment": "import os\nprint('REACHED' if 'SECRET_OF_THE_GRADER' in os.environ else 'none')",
    "kills everybody": "import os, signal\ntry:\n    os.kill(-1, signal.SIGCONT)\nexcept OSError: pass\n"
    "print('REACHED' if len([p for p in os.listdir('/proc') if p.isdigit()]) > 12 else 'alone')",
    "makes a namespace": "import subprocess\ndone = subprocess.run(['unshare', '-U', 'true'], capture_output=True)\n"
    "print('REACHED' if done.returncode == 0 else 'refused')",
    "becomes root": "import os\ntry:\n    os.setuid(0)\n    print('REACHED')\nexcept OSError as error:\n    print(type(error).__name__)",
    "mounts": "import subprocess\ndone = subprocess.run(['mount', '-t', 'tmpfs', 'none', '/usr'], capture_output=True)\n"
    "print('REACHED' if done.returncode == 0 else 'refused')",
    "starts 400 processes": "import subprocess\nchildren = []\ntry:\n    for _ in range(400):\n"
    "        children.append(subprocess.Popen(['/bin/sleep', '30']))\n    print('REACHED')\n"
    "except OSError as error:\n    print(type(error).__name__)\nfor child in children: child.kill()",
    "starts 400 threads": "import threading, time\ntry:\n    for _ in range(400):\n"
    "        threading.Thread(target=time.sleep, args=(3,), daemon=True).start()\n    print('REACHED')\n"
    "except RuntimeError as error:\n    print(type(error).__name__)",
    "sets its limits higher": "import resource\ntry:\n    resource.setrlimit(resource.RLIMIT_NPROC, (5000, 5000))\n    print('REACHED')\n"
    "except (ValueError, OSError) as error:\n    print(type(error).__name__)",
    # its own keeper, process 1, may be traced where it has the same user: that gains nothing as long as it can do no more
    "traces a process that can do more": "import ctypes\nstatus = open('/proc/1/status').read().split()\n"
    "able = int(status[status.index('CapEff:') + 1], 16) | int(status[status.index('CapPrm:') + 1], 16)\n"
    "traced = ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0\nprint('REACHED' if traced and able else 'refused')",
    "takes memory that is nobody's": "import ctypes, os\nlibc = ctypes.CDLL(None)\nkeys = [libc.shmget(0, 4096, 0o1600), libc.msgget(0, 0o1600), libc.semget(0, 1, 0o1600)]\n"
    "try:\n    keys.append(os.memfd_create('x'))\nexcept OSError: pass\nprint('REACHED' if max(keys) >= 0 else 'refused')",
    "asks for it by other numbers": "import ctypes\nlibc = ctypes.CDLL(None)\n"
    "print('REACHED' if libc.syscall(0x40000000 + 319, b'x', 0) >= 0 else 'refused')",
    # where process 1 has the same user it may be written to, as long as it may do no more
    "writes into a process that can do more": "import os\nof = lambda pid, name: open(f'/proc/{pid}/{name}').read()\n"
    "for pid in filter(str.isdigit, os.listdir('/proc')):\n    try:\n        open(f'/proc/{pid}/mem', 'r+b', 0).close()\n"
    "        if of(pid, 'limits') != of('self', 'limits'): print('REACHED', pid)\n"
    "    except OSError as error:\n        print(type(error).__name__)\nprint('looked')",
    "makes others wait for Python's files": "import fcntl, numpy, os, signal\nsignal.signal(signal.SIGIO, signal.SIG_IGN)\ntry:\n"
    "    fcntl.fcntl(os.open(numpy.__file__, os.O_RDONLY), 1024, fcntl.F_WRLCK)\n    print('REACHED')\n"
    "except OSError as error:\n    print(error)",
    "opens a socket that knows no namespace": "import socket\ntry:\n    socket.socket(socket.AF_VSOCK)\n    print('REACHED')\n"
    "except OSError as error:\n    print(error)",
    "takes a disk before it is watched": "import os\ntry:\n    with open('all', 'w') as file: os.posix_fallocate(file.fileno(), 0, 1000)\n    print('REACHED')\n"
    "except OSError as error:\n    print(error)",
    "lets sockets hold more": "import socket\none, other = socket.socketpair()\ntry:\n"
    "    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)\n    print('REACHED')\n"
    "except OSError as error:\n    print(error)",
}

#: Fills sockets with what nobody reads, in several processes.
SOCKETS = """\
import os, socket, time
for _ in range(4):
    if os.fork() == 0:
        kept = [socket.socketpair() for _ in range(450)]
        for one in (one for pair in kept for one in pair):
            one.setblocking(False)
            try:
                while True:
                    one.send(bytes(50_000))
            except BlockingIOError:
                pass
        time.sleep(5)
        os._exit(0)
time.sleep(4)
"""
#: Fills the disk with files that no folder shows; what stands for HOLD keeps one of them.
NAMELESS = """\
import ctypes, os, time
kept = []
for i in range(15):
    with open('part', 'wb+') as file:
        os.unlink('part')
        file.write(bytes(SIZE))
        file.flush()
        kept.append(HOLD)
    time.sleep(.1)
time.sleep(3)
"""
OPEN = "os.dup(file.fileno())"
MAPPED = "ctypes.CDLL(None).mmap(None, ctypes.c_size_t(SIZE), 1, 1, file.fileno(), ctypes.c_long(0))"

#: Each ends the kernel or is cut short; the note that the student reads must name it.
EXHAUSTION = {
    "takes memory in pieces": (
        "blocks = []\nwhile True:\n    blocks.append(bytearray(50_000_000))",
        ("MemoryError", "memory"),
    ),
    "takes memory at once": (
        "import numpy as np\nblock = np.ones(4_000_000_000)\nprint('REACHED')",
        ("MemoryError", "memory"),
    ),
    "takes memory in children": (
        "import subprocess, sys, time\ncode = 'x = bytearray(250_000_000); import time; time.sleep(20)'\n"
        "children = [subprocess.Popen([sys.executable, '-c', code]) for _ in range(8)]\ntime.sleep(15)\nprint('REACHED')",
        ("memory",),
    ),
    "writes one large file": (
        "open('big', 'wb').write(bytes(80_000_000))\nprint('REACHED')",
        ("OSError", "File too large"),
    ),
    "fills the disk": (
        "import time\nfor i in range(40):\n    open(f'part{i}', 'wb').write(bytes(20_000_000))\n    time.sleep(.1)\nprint('REACHED')",
        ("to disk",),
    ),
    "fills sockets": (SOCKETS + "print('REACHED')", ("of memory",)),
    "fills the disk with files that have no name": (
        NAMELESS.replace("SIZE", "20_000_000").replace("HOLD", OPEN) + "print('REACHED')",
        ("to disk",),
    ),
    "fills the disk with files mapped and closed": (
        NAMELESS.replace("HOLD", MAPPED).replace("SIZE", "20_000_000") + "print('REACHED')",
        ("to disk",),
    ),
    "closes its process to the watch and fills the disk": (
        "import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n"
        + NAMELESS.replace("SIZE", "20_000_000").replace("HOLD", OPEN)
        + "print('REACHED')",
        ("closed a process to the watch", "to disk"),  # root may look at it all the same
    ),
    "prints without end": (
        "for _ in range(4000):\n    print('x' * 9_999)\n",
        ("printed more than",),
    ),
    "prints a giant line": ("print('x' * 150_000_000)", ("printed more than",)),
    "never ends": ("while True: pass", ("ran longer than allowed",)),
    "ignores interrupts": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        ("could not be interrupted",),
    ),
    "recurses": ("def f(n): return f(n + 1)\nf(0)", ("RecursionError",)),
    "kills itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", ("kernel died",)),
    "exits": ("import os\nos._exit(0)", ("kernel died",)),
}
