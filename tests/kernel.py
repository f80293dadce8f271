"""What the kernel says of a running process, its own word about itself aside."""

from pathlib import Path

_LISTEN = "0A"


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def opened(pid: int) -> set[str]:
    """Return what a process holds open: paths, "socket:[INODE]", "pipe:[INODE]"."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(str(link.readlink()))
        except FileNotFoundError:
            continue  # closed since the folder was listed
    return found


def listening(pid: int) -> list[str]:
    """Return the addresses on which a process listens, in hex as the kernel writes them."""
    found = []
    for table in ("tcp", "tcp6"):
        # The table first: a socket in it that is closed before the next look is no listener.
        rows = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        sockets = opened(pid)
        for row in rows:
            _, local, _, state, *rest = row.split()
            if state == _LISTEN and f"socket:[{rest[5]}]" in sockets:
                found.append(local.partition(":")[0])
    return found
