"""Channels with redis-py: `redis_py_channels.py PORT [OTHER_PORT]`. What is published
on the first port is listened to on the other. Any failure ends it with a traceback."""

import sys
import threading
import time

import redis

PUBLISHED_ON = int(sys.argv[1])
LISTENED_ON = int(sys.argv[-1])


def next_of(pubsub, kind):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        message = pubsub.get_message(timeout=1)
        if message and message["type"] == kind:
            return message
    raise AssertionError(f"no {kind}")


def session(protocol):
    publisher = redis.Redis(port=PUBLISHED_ON, protocol=protocol, decode_responses=True)
    listener = redis.Redis(port=LISTENED_ON, protocol=protocol, decode_responses=True)
    pubsub = listener.pubsub()
    pubsub.subscribe("news", "weather")
    pubsub.psubscribe("user:*")
    for _ in range(2):
        next_of(pubsub, "subscribe")
    assert next_of(pubsub, "psubscribe")["data"] == 3
    assert publisher.publish("news", "hello") == 1
    message = next_of(pubsub, "message")
    assert (message["channel"], message["data"]) == ("news", "hello")
    assert publisher.publish("user:7", "in") == 1
    message = next_of(pubsub, "pmessage")
    assert (message["pattern"], message["channel"]) == ("user:*", "user:7")
    assert publisher.publish("nobody", "x") == 0
    assert publisher.pubsub_numsub("news", "nobody") == [("news", 1), ("nobody", 0)]
    assert sorted(publisher.pubsub_channels()) == ["news", "weather"]
    assert publisher.pubsub_numpat() == 1
    pubsub.unsubscribe("weather")
    assert next_of(pubsub, "unsubscribe")["channel"] == "weather"
    pubsub.unsubscribe()
    pubsub.punsubscribe()
    next_of(pubsub, "punsubscribe")
    assert not pubsub.subscribed
    pubsub.close()


def shard_channels(protocol):
    publisher = redis.Redis(port=PUBLISHED_ON, protocol=protocol, decode_responses=True)
    pubsub = redis.Redis(port=LISTENED_ON, protocol=protocol, decode_responses=True).pubsub()
    pubsub.ssubscribe("orders")
    next_of(pubsub, "ssubscribe")
    assert publisher.execute_command("SPUBLISH", "orders", "1") == 1
    assert next_of(pubsub, "smessage")["data"] == "1"
    pubsub.sunsubscribe("orders")
    next_of(pubsub, "sunsubscribe")
    pubsub.close()


def a_thread_with_handlers(protocol):
    seen, done = [], threading.Event()

    def handle(message):
        seen.append(message["data"])
        if len(seen) == 100:
            done.set()

    pubsub = redis.Redis(port=LISTENED_ON, protocol=protocol, decode_responses=True).pubsub(
        ignore_subscribe_messages=True
    )
    pubsub.subscribe(**{"jobs": handle})
    thread = pubsub.run_in_thread(sleep_time=0.01)
    publisher = redis.Redis(port=PUBLISHED_ON, protocol=protocol)
    while publisher.pubsub_numsub("jobs")[0][1] == 0:
        time.sleep(0.01)
    with publisher.pipeline(transaction=False) as pipe:
        for number in range(100):
            pipe.publish("jobs", number)
        assert pipe.execute() == [1] * 100
    assert done.wait(10)
    thread.stop()
    thread.join()
    assert seen == [str(number) for number in range(100)]


for protocol in (2, 3):
    session(protocol)
    shard_channels(protocol)
    a_thread_with_handlers(protocol)
