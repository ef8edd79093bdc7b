"""Starts the example that serves an admin endpoint, and does with it what an engineer on call would do.
usage: drive.py PROGRAM
"""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request


def silent(url):
    """A caller that connects and says nothing: it must keep nobody else waiting."""
    return socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1].strip("/"))))


def ask(url, command=None):
    """Status and document of a GET, or of a POST of that command."""
    body = None if command is None else json.dumps(command).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def entry(items, name):
    return next(item for item in items if item["name"] == name)


def breaker_of(items):
    """The circuit of the origin that the example calls, once there is one."""
    states = entry(items, "orders/circuit_breaker")["states"]
    return next((state for state in states if state["key"]), {})


def wait_for(url, wanted):
    """Looks until it is so, for at most 20 s."""
    end = time.monotonic() + 20
    while not wanted(ask(url)[1]):
        assert time.monotonic() < end, ask(url)
        time.sleep(0.05)


def drive(url):
    nobody = silent(url)
    wait_for(url, lambda items: breaker_of(items).get("calls", 0) > 0)
    status, items = ask(url)
    assert status == 200 and "circuit_breaker" in entry(items, "orders")["description"], items

    isolate = {"action": "isolate", "name": "orders/circuit_breaker", "seconds": 60}
    status, items = ask(url, isolate)
    assert status == 200 and breaker_of(items)["state"] == "isolated", items
    assert 59 < breaker_of(items)["next_change_s"] <= 60, items
    status, items = ask(url, {"action": "close", "name": "orders/circuit_breaker"})
    assert breaker_of(items)["state"] == "closed", items

    status, items = ask(url, {"action": "switch_off_retries", "name": "orders/retry"})
    assert entry(items, "orders/retry")["states"][0]["on"] is False, items
    status, items = ask(url, {"action": "switch_on_retries", "name": "orders/retry"})
    assert entry(items, "orders/retry")["states"][0]["on"] is True, items
    assert ask(url, {"action": "clear", "name": "orders/cool_down"})[0] == 200

    assert ask(url, {"action": "isolate", "name": "nobody"})[0] == 404
    assert ask(url, dict(isolate, seconds=-1))[0] == 400
    status, said = ask(url, {"action": "explode", "name": "orders/retry"})
    assert status == 400 and "one of isolate, close" in said["error"], said
    with silent(url) as too_long:
        too_long.sendall(b"POST / HTTP/1.1\r\ncontent-length: 5000\r\n\r\n")
        assert too_long.recv(1000).startswith(b"HTTP/1.1 413 "), "a command that is too long"
    nobody.close()


def main(program):
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as example:
        try:
            drive(example.stdout.readline().strip())
        finally:
            example.stdin.close()
        return example.wait(timeout=20)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
