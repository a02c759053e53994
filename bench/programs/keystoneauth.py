"""keystoneauth1 at the same work: `keystoneauth.py warm AUTH_URL` is a contender as warm.ts is, `cold` one as cold.ts."""
import json
import sys
import threading
import time

from keystoneauth1 import adapter, session
from keystoneauth1.identity import v3


def make(auth_url):
    password = v3.Password(
        auth_url=auth_url,
        username="demo",
        password="secret",
        user_domain_name="Default",
        project_name="demo",
        project_domain_name="Default",
    )
    return adapter.Adapter(
        session.Session(auth=password),
        service_type="compute",
        min_version="2.1",
        max_version="2.latest",
        default_microversion="2.79",
    )


def run(compute, in_flight, until):
    times = []

    def loop():
        since = time.perf_counter()
        while since < until:
            compute.get("/servers").json()
            now = time.perf_counter()
            times.append(now - since)
            since = now

    threads = [threading.Thread(target=loop, daemon=True) for _ in range(in_flight - 1)]
    for thread in threads:
        thread.start()
    loop()
    for thread in threads:
        thread.join()
    return times


def take(compute, in_flight, millis):
    run(compute, in_flight, time.perf_counter() + 0.05)
    cpu = time.process_time()
    since = time.perf_counter()
    times = sorted(run(compute, in_flight, since + millis / 1000))
    cpu = time.process_time() - cpu
    return {
        "requests": len(times),
        "seconds": time.perf_counter() - since,
        "cpuMicros": cpu * 1e6 / len(times),
        "p50Millis": times[len(times) // 2] * 1000,
        "p99Millis": times[int(len(times) * 0.99)] * 1000,
    }


def main():
    what, auth_url = sys.argv[1:]
    compute = make(auth_url)
    if what == "cold":
        compute.get("/servers").json()
        print(json.dumps({"answeredAt": time.time() * 1000, "cpuMillis": time.process_time() * 1000}))
        return
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(take(compute, asked["inFlight"], asked["millis"])), flush=True)


main()
