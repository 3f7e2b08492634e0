"""Say clearly when a port cannot be served on: `python scripts/check_port.py 8501`."""

import socket
import sys

# Where a browser looks for "localhost". A stranger on either would answer in Studio's place.
ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
# Where the search for another port starts.
OTHER_PORT = 8600


def is_answered(port: int) -> bool:
    """Whether somebody listens on the port at an address of localhost."""
    for family, address in ADDRESSES:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as client:
                client.settimeout(1)
                client.connect((address, port))
                return True
        except OSError:
            continue
    return False


def bind_error(port: int) -> OSError | None:
    """Why the port cannot be bound, None when it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError as error:
            return error
    return None


def is_free(port: int) -> bool:
    return not is_answered(port) and bind_error(port) is None


def problem(value: str) -> str | None:
    """What is wrong with serving on this port, None when nothing is."""
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        return f"PORT={value} is not a port: give a number from 1 to 65535"
    port = int(value)
    if is_answered(port):
        return (
            f"Port {port} is already in use. If that is Studio, open http://localhost:{port}; "
            "otherwise take another port"
        )
    error = bind_error(port)
    if error is not None:
        return f"Port {port} cannot be used ({error.strerror}): take another port"
    return None


def main(value: str) -> None:
    trouble = problem(value)
    if trouble is None:
        return
    other = next((port for port in range(OTHER_PORT, OTHER_PORT + 100) if is_free(port)), None)
    raise SystemExit(f"{trouble}:\n    make app PORT={other or OTHER_PORT}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python scripts/check_port.py PORT")
    main(sys.argv[1])
