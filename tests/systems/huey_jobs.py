"""huey: tasks with results, one that is retried, one that is due later.

    huey_jobs.py PORT JOBS
"""

import logging
import sys
import threading

import redis
from huey import RedisHuey
from huey.storage import SCHEDULE_POP_LUA

from session import acknowledged, connect, finish, going_on

PORT = int(sys.argv[1])
# A worker that gets an error when it sends a job for its second try forgets the job.
AGAIN = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 200)
huey = RedisHuey("systems", port=PORT, retry=AGAIN, retry_on_error=[redis.ResponseError])


@huey.task(retries=3)
def do(number):
    """Notes that it was done; every tenth fails once."""
    connection = redis.Redis(port=PORT)
    if number % 10 == 3 and connection.sadd("huey:tried", number):
        raise RuntimeError("once more")
    connection.sadd("huey:done", number)
    return number + 1


def main(port, jobs):
    logging.disable(logging.CRITICAL)
    connection = connect(port)
    # Or its first use would be an error, too, and asked again and again.
    connection.script_load(SCHEDULE_POP_LUA)
    consumer = huey.create_consumer(workers=2, check_worker_health=True, periodic=False)
    # Its own `start` takes the signals over, which only a process of its own may.
    consumer._set_signal_handlers = lambda: None
    threading.Thread(target=consumer.run, daemon=True).start()
    results = []
    sent = acknowledged(jobs, lambda number: results.append((number, do(number))))
    late = do.schedule((jobs,), delay=1)
    finish(sent, lambda: {int(one) for one in connection.smembers("huey:done")})
    going_on(lambda: late.get() == jobs + 1, "a task that is due later")
    going_on(lambda: all(result.get(preserve=True) == number + 1 for number, result in results
                         if number % 10 != 3), "all results")


if __name__ == "__main__":
    main(PORT, int(sys.argv[2]))
