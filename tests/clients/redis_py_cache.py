"""Client-side caching with redis-py: `redis_py_cache.py PORT [OTHER_PORT]`. What is
written through the second port is read through the first. Any failure ends it with a
traceback."""

import sys
import time

import redis
from redis.cache import CacheConfig

READ_ON = int(sys.argv[1])
WRITTEN_ON = int(sys.argv[-1])

writer = redis.Redis(port=WRITTEN_ON, decode_responses=True)
reader = redis.Redis(
    port=READ_ON, protocol=3, cache_config=CacheConfig(), decode_responses=True
)
cache = reader.get_cache()
assert cache is not None


def until(what, holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


writer.mset({"a": "1", "b": "2"})
assert reader.get("a") == "1"
assert reader.mget("a", "b") == ["1", "2"]
until("what was read is kept", lambda: reader.get("a") == "1" and cache.size >= 1)

# So often that most of it must come from the cache.
asked = lambda: reader.info("commandstats").get("cmdstat_get", {}).get("calls", 0)
before = asked()
for _ in range(200):
    assert reader.get("a") == "1"
assert asked() - before < 50, "it asks each time"

for number in range(50):
    writer.set("a", f"new-{number}")
    until("a change is seen", lambda: reader.get("a") == f"new-{number}")
reader.set("a", "own")
assert reader.get("a") == "own"
writer.delete("a")
until("the end of a key is seen", lambda: reader.get("a") is None)
writer.set("b", "before")
until("b", lambda: reader.get("b") == "before")
writer.flushall()
until("a flush is seen", lambda: reader.get("b") is None)
print("ok")
