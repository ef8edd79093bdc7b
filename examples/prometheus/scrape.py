"""Starts the example that serves metrics and scrapes it as Prometheus would. usage: scrape.py PROGRAM

Exits with 1 unless the metrics of its calls turn up.
"""

import re
import subprocess
import sys
import time
import urllib.request

# Samples that its calls lead to sooner or later: each must turn up with a value above zero.
WANTED = [
    r'backstay_calls_total\{operation="get status",.*outcome="success".*\}',
    r'backstay_calls_total\{operation="get order",.*outcome="not_found".*\}',
    r'backstay_attempts_total\{operation="get status",.*kind="service_unavailable",number="1"\}',
    r'http_request_resend_count_total\{operation="get status",.*\}',
    r'http_client_request_duration_seconds_bucket\{.*http_response_status_code="503",le="\+Inf"\}',
    r'backstay_connections_total\{.*event="reused"\}',
    r'backstay_budget_tokens\{name="orders/retry_budget",key="https://127\.0\.0\.1:\d+"\}',
    r'backstay_pool_idle\{origin="https://127\.0\.0\.1:\d+"\}',
]


def missing(text):
    return [wanted for wanted in WANTED if not re.search(rf"^{wanted} [1-9]", text, re.MULTILINE)]


def main(program):
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as example:
        url = example.stdout.readline().strip()
        end = time.monotonic() + 30
        while True:
            with urllib.request.urlopen(url, timeout=10) as reply:
                text = reply.read().decode()
            left = missing(text)
            if not left or time.monotonic() > end:
                break
            time.sleep(0.1)
        example.stdin.close()
        example.wait(timeout=20)
    print(text if left else f"scraped {len(text.splitlines())} lines from {url}")
    for wanted in left:
        print("missing:", wanted)
    return 1 if left or example.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
