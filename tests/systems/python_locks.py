"""Locks of python-redis-lock and redlock-py: never two holders, a lease that is prolonged, one that
is over, a wait that ends when the lock is given back.

    python_locks.py PORT ROUNDS
"""

import sys
import threading
import time

import redis
import redis_lock
import redlock


def no_two(rounds, hold):
    """Threads that count without an atomic command; every count has to be there."""
    counter = {"value": 0}

    def count():
        for _ in range(rounds):
            with hold():
                seen = counter["value"]
                time.sleep(0.0005)
                counter["value"] = seen + 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter["value"] == 4 * rounds, counter


def with_python_redis_lock(port, rounds):
    connection = redis.Redis(port=port)
    no_two(rounds, lambda: redis_lock.Lock(redis.Redis(port=port), "counted", expire=10))
    first = redis_lock.Lock(connection, "door", expire=5, id="first")
    second = redis_lock.Lock(connection, "door", expire=5, id="second")
    assert first.acquire() and not second.acquire(blocking=False)
    first.extend(expire=50)
    assert connection.ttl("lock:door") > 5
    waiter = threading.Thread(target=lambda: second.acquire(timeout=5))
    waiter.start()
    first.release()
    waiter.join()
    assert second.get_owner_id() == "second"
    try:
        first.release()
        raise SystemExit("what somebody else holds was released")
    except redis_lock.NotAcquired:
        pass
    second.reset()
    renewed = redis_lock.Lock(connection, "renewed", expire=1, auto_renewal=True)
    with renewed:
        time.sleep(1.5)
        assert connection.exists("lock:renewed")
    assert not connection.exists("lock:renewed")


def with_redlock_py(port, rounds):
    manager = redlock.Redlock([{"host": "127.0.0.1", "port": port}], retry_count=2)
    held = manager.lock("resource", 1000)
    assert held and not redlock.Redlock([{"host": "127.0.0.1", "port": port}],
                                        retry_count=1).lock("resource", 1000)
    manager.unlock(held)
    for _ in range(rounds):
        held = manager.lock("resource", 100)
        assert held
        manager.unlock(held)
    assert manager.lock("resource", 50)
    time.sleep(0.1)
    assert manager.lock("resource", 50), "a lease that is over frees it"


if __name__ == "__main__":
    with_python_redis_lock(int(sys.argv[1]), int(sys.argv[2]))
    with_redlock_py(int(sys.argv[1]), int(sys.argv[2]))
    print("locks of python-redis-lock and redlock-py held")
