"""What the sessions of job systems share: jobs are sent until they are acknowledged, and waited for."""

import time

import redis

PATIENCE_SECONDS = 30


def connect(port):
    """A connection that tries again when it breaks."""
    return redis.Redis(port=port, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 100))


def acknowledged(jobs, send):
    """Sends jobs 0 and up; those that were acknowledged. The first line of the output tells whoever
    started this that jobs are on their way."""
    sent = set()
    for number in range(jobs):
        try:
            send(number)
            sent.add(number)
        except Exception as why:  # noqa: BLE001: what a library raises when a connection breaks
            print(f"job {number} was not acknowledged: {why!r}", flush=True)
        if number == jobs // 4:
            print("under way", flush=True)
    if not sent:
        raise SystemExit("no job was acknowledged")
    return sent


def going_on(holds, what):
    """Waits for something, through connections that break."""
    end = time.monotonic() + 2 * PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            if holds():
                return
        except redis.RedisError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"still not: {what}")


def finish(sent, done):
    """Waits until all that was acknowledged is done, as long as some of it still comes."""
    before = None
    while not sent <= (now := done()):
        if now == before:
            raise SystemExit(f"acknowledged and not done: {sorted(sent - now)}")
        before = now
        look_again = time.monotonic() + PATIENCE_SECONDS
        going_on(lambda: done() != before or time.monotonic() > look_again, "an answer")
    print(f"{len(sent)} jobs acknowledged and done", flush=True)
