"""Streams with redis-py: `redis_py_streams.py PORT`. Any failure ends it with a traceback."""

import sys

import redis

PORT = int(sys.argv[1])


def read(found):
    """The entries of the only stream: a map in RESP3, a list of pairs in RESP2."""
    (name, entries), = found.items() if isinstance(found, dict) else found
    assert name == "s"
    # In RESP3 redis-py puts them into one more list.
    return entries[0] if isinstance(entries[0], list) else entries


def entries(r):
    r.flushall()
    ids = [r.xadd("s", {"n": number, "name": "x"}) for number in range(5)]
    assert r.xlen("s") == 5 and ids == sorted(ids)
    assert r.xrange("s", count=1) == [(ids[0], {"n": "0", "name": "x"})]
    assert [found for found, _ in r.xrevrange("s", min=ids[2])] == ids[:1:-1]
    assert [found for found, _ in r.xrange("s", min="(" + ids[2])] == ids[3:]
    assert read(r.xread({"s": ids[3]})) == [(ids[4], {"n": "4", "name": "x"})]
    assert r.xdel("s", ids[1]) == 1 and r.xtrim("s", maxlen=2, approximate=False) == 2
    info = r.xinfo_stream("s")
    assert info["length"] == 2 and info["entries-added"] == 5
    assert info["first-entry"][0] == ids[3] and info["max-deleted-entry-id"] == ids[1]
    assert r.xadd("s", {"a": "b"}, maxlen=1, approximate=False) and r.xlen("s") == 1
    assert r.xadd("none", {"a": "b"}, nomkstream=True) is None
    copy = redis.Redis(port=PORT).dump("s")
    r.restore("t", 0, copy)
    assert r.xrange("t") == r.xrange("s") and r.type("t") == "stream"


def groups(r):
    r.flushall()
    assert r.xgroup_create("s", "g", mkstream=True) is True
    try:
        r.xgroup_create("s", "g")
        raise AssertionError("the group is there twice")
    except redis.ResponseError as error:
        assert str(error).startswith("BUSYGROUP")
    ids = [r.xadd("s", {"n": number}) for number in range(4)]
    given = read(r.xreadgroup("g", "one", {"s": ">"}, count=3))
    assert [one for one, _ in given] == ids[:3]
    assert r.xack("s", "g", ids[0]) == 1
    pending = r.xpending("s", "g")
    assert pending["pending"] == 2 and pending["consumers"] == [{"name": "one", "pending": 2}]
    assert [one["message_id"] for one in r.xpending_range("s", "g", "-", "+", 9)] == ids[1:3]
    assert r.xclaim("s", "g", "two", 0, [ids[1]], justid=True) == [ids[1]]
    assert r.xdel("s", ids[2]) == 1
    cursor, claimed, gone = r.xautoclaim("s", "g", "two", 0)
    assert cursor == "0-0" and [one for one, _ in claimed] == [ids[1]] and gone == [ids[2]]
    consumers = {one["name"]: one["pending"] for one in r.xinfo_consumers("s", "g")}
    assert consumers == {"one": 0, "two": 1}
    group = r.xinfo_groups("s")[0]
    assert group["last-delivered-id"] == ids[2] and group["pending"] == 1
    assert r.xgroup_delconsumer("s", "g", "two") == 1
    assert r.xgroup_destroy("s", "g") in (1, True)


for protocol in (2, 3):
    client = redis.Redis(port=PORT, protocol=protocol, decode_responses=True)
    entries(client)
    groups(client)
print("streams: done")
