"""RQ: jobs are queued, a worker takes them, every one that was acknowledged is done.

    rq_jobs.py PORT JOBS
"""

import multiprocessing
import sys

import redis
from rq import Queue, SimpleWorker

from session import acknowledged, connect, finish, going_on

QUEUE = "rq-jobs"


def do(number, port):
    """The job: notes that it was done."""
    redis.Redis(port=port).sadd("rq:done", number)
    return number


def work(port):
    """A worker that begins anew when its connection breaks."""
    while True:
        try:
            connection = redis.Redis(port=port)
            SimpleWorker([Queue(QUEUE, connection=connection)], connection=connection).work(
                with_scheduler=False, logging_level="ERROR")
        except (redis.ConnectionError, redis.ResponseError):
            continue


def main(port, jobs):
    connection = connect(port)
    queue = Queue(QUEUE, connection=connection)
    worker = multiprocessing.Process(target=work, args=(port,), daemon=True)
    worker.start()
    # By name: a worker imports what it does.
    sent = acknowledged(jobs, lambda number: queue.enqueue("rq_jobs.do", number, port,
                                                           result_ttl=3600))
    try:
        finish(sent, lambda: {int(one) for one in connection.smembers("rq:done")})
        # All results but that of a job whose worker lost its connection behind it.
        going_on(lambda: queue.finished_job_registry.count >= len(sent) - 1, "results of all jobs")
    finally:
        worker.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
