"""Celery: tasks, results, a retried task, a countdown.

    celery_jobs.py PORT JOBS
"""

import os
import subprocess
import sys

import redis
from celery import Celery

from session import acknowledged, connect, finish, going_on

PORT = int(os.environ.get("SYSTEMS_PORT", sys.argv[1] if sys.argv[1:2] and sys.argv[1].isdigit() else 0))
app = Celery("celery_jobs", broker=f"redis://127.0.0.1:{PORT}/0", backend=f"redis://127.0.0.1:{PORT}/1")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    broker_transport_options={"visibility_timeout": 20},
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    redis_retry_on_timeout=True,
    worker_hijack_root_logger=False,
)


@app.task(name="celery_jobs.do", bind=True, max_retries=3)
def do(self, number):
    """Notes that it was done; every tenth wants a second try."""
    if number % 10 == 3 and self.request.retries == 0:
        raise self.retry(countdown=0)
    redis.Redis(port=PORT).sadd("celery:done", number)
    return number + 1


def main(port, jobs):
    connection = connect(port)
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "celery_jobs", "worker", "--pool", "solo",
         "--loglevel", "CRITICAL", "--without-gossip", "--without-mingle"],
        cwd=os.path.dirname(os.path.abspath(__file__)), env=dict(os.environ, SYSTEMS_PORT=str(port)),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    results = []
    try:
        sent = acknowledged(jobs, lambda number: results.append((number, do.delay(number))))
        late = do.apply_async((jobs,), countdown=1)
        finish(sent, lambda: {int(one) for one in connection.smembers("celery:done")})
        going_on(late.ready, "a task with a countdown")
        going_on(lambda: all(result.get(timeout=5) == number + 1 for number, result in results),
                 "all results")
    finally:
        worker.kill()
        worker.wait()


if __name__ == "__main__":
    main(PORT, int(sys.argv[2]))
