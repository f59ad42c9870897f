"""A session of redis-py's RedisCluster: `cluster_redis_py.py PORT`, one of three nodes.
Any failure ends it with a traceback."""

import sys

import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException, ResponseError

PORT = int(sys.argv[1])
KEYS = 300


def session(protocol):
    nodes = [ClusterNode("127.0.0.1", PORT)]
    r = RedisCluster(startup_nodes=nodes, protocol=protocol, decode_responses=True, require_full_coverage=True)
    primaries = r.get_primaries()
    assert len(primaries) > 1, primaries
    assert r.get_replicas() == []
    r.flushall()
    assert r.dbsize(target_nodes=RedisCluster.PRIMARIES) == 0

    for i in range(KEYS):
        assert r.set(f"key:{i}", i) is True
    assert [r.get(f"key:{i}") for i in range(KEYS)] == [str(i) for i in range(KEYS)]
    # What each node has adds up to all, and nothing is told twice.
    assert r.dbsize(target_nodes=RedisCluster.PRIMARIES) == KEYS
    sizes = [r.dbsize(target_nodes=node) for node in primaries]
    assert sum(sizes) == KEYS, sizes
    scanned = list(r.scan_iter(match="key:*", count=7))
    assert len(scanned) == KEYS and len(set(scanned)) == KEYS
    assert len(r.keys("key:*", target_nodes=RedisCluster.PRIMARIES)) == KEYS
    assert r.randomkey(target_nodes=primaries[0]).startswith("key:")

    # No command was sent to a node that does not lead its slot.
    for key in ("key:1", "key:2", "key:3", "foo"):
        node = r.get_node_from_key(key)
        direct = redis.Redis(port=node.port, decode_responses=True)
        assert direct.set(key, "direct") is True
        for other in (other for other in primaries if other.port != node.port):
            try:
                redis.Redis(port=other.port).get(key)
            except ResponseError as error:
                assert f"MOVED {r.keyslot(key)} 127.0.0.1:{node.port}" in str(error) or "MOVED" in type(error).__name__.upper(), error
            else:
                raise AssertionError("another node answered")

    assert r.mset({"{t}a": 1, "{t}b": 2}) is True and r.mget("{t}a", "{t}b", "{t}c") == ["1", "2", None]
    assert r.mset_nonatomic({"a": 1, "b": 2, "c": 3}) and r.mget_nonatomic("a", "b", "c") == ["1", "2", "3"]
    assert r.delete("a", "b", "c") == 3
    try:
        r.mset({"a": 1, "b": 2})
    except (RedisClusterException, ResponseError):
        pass
    else:
        raise AssertionError("several slots in one command")

    with r.pipeline() as pipe:
        for i in range(200):
            pipe.incr(f"count:{i}")
        assert pipe.execute() == [1] * 200
    with r.pipeline(transaction=True) as pipe:
        pipe.watch("{t}a")
        pipe.multi()
        pipe.incr("{t}a")
        pipe.set("{t}d", "x")
        assert pipe.execute() == [2, "OK"]

    token = r.execute_command("LOCK", "door", "OWNER", "me", "PX", "10000")
    assert token > 0
    assert r.execute_command("UNLOCK", "door", "OWNER", "me") == 1
    for queue in ("work", "more work", "q{t}"):
        assert r.execute_command("QPUSH", queue, "job")
        receipt, body = r.execute_command("QPOP", queue)
        assert body == "job" and r.execute_command("QACK", queue, receipt) == 1

    info = r.cluster_info(target_nodes=primaries[0])
    assert info["cluster_state"] == "ok" and info["cluster_known_nodes"] == "3", info
    assert len(r.cluster_nodes()) == 3
    assert r.cluster_keyslot("{t}a") == r.keyslot("{t}b")
    slot = r.keyslot("{t}a")
    assert r.cluster_countkeysinslot(slot) == 3
    assert sorted(r.cluster_get_keys_in_slot(slot, 10)) == ["{t}a", "{t}b", "{t}d"]
    shards = r.cluster_shards()
    assert len(shards) == 3
    r.flushall()
    assert r.dbsize(target_nodes=RedisCluster.PRIMARIES) == 0
    r.close()


def layout():
    """Who leads what, as one node tells it."""
    ranges = redis.Redis(port=PORT).execute_command("CLUSTER SLOTS")
    return sorted((int(start), int(end), leader[1]) for start, end, leader, *_ in ranges)


def steady(protocol, attempts=5):
    """A session in which no leadership moved: on a busy machine one may."""
    for attempt in range(1, attempts + 1):
        before = layout()
        try:
            return session(protocol)
        except (AssertionError, redis.RedisError, RedisClusterException):
            if attempt == attempts or layout() == before:
                raise


steady(2)
steady(3)
