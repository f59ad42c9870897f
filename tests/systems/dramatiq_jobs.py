"""dramatiq: actors on a broker that works by Lua scripts, one that is retried, one that is delayed.

    dramatiq_jobs.py PORT JOBS
"""

import logging
import sys

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from session import acknowledged, connect, finish

PORT = int(sys.argv[1])
broker = RedisBroker(port=PORT, heartbeat_timeout=5_000, maintenance_chance=10_000)
dramatiq.set_broker(broker)


@dramatiq.actor(max_retries=5, min_backoff=10, max_backoff=100)
def do(number):
    """Notes that it was done; every tenth fails once."""
    connection = redis.Redis(port=PORT)
    if number % 10 == 3 and connection.sadd("dramatiq:tried", number):
        raise RuntimeError("once more")
    connection.sadd("dramatiq:done", number)


def main(port, jobs):
    logging.disable(logging.CRITICAL)
    connection = connect(port)
    worker = dramatiq.Worker(broker, worker_timeout=100, worker_threads=2)
    worker.start()
    sent = acknowledged(jobs, lambda number: do.send(number))
    do.send_with_options(args=(jobs,), delay=500)
    finish(sent | {jobs}, lambda: {int(one) for one in connection.smembers("dramatiq:done")})
    worker.stop()


if __name__ == "__main__":
    main(PORT, int(sys.argv[2]))
