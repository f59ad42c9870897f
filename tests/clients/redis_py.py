"""A session of redis-py: `redis_py.py PORT`. Any failure ends it with a traceback."""

import sys
import threading

import redis

PORT = int(sys.argv[1])


def plain(protocol):
    r = redis.Redis(port=PORT, protocol=protocol, decode_responses=True, client_name="session")
    r.flushall()
    assert r.ping() is True
    assert r.client_getname() == "session"
    assert r.set("greeting", "hello") is True
    assert r.get("greeting") == "hello"
    assert r.set("greeting", "x", nx=True) is None
    assert r.set("greeting", "new", get=True) == "hello"
    assert r.incr("n", 5) == 5 and r.incrbyfloat("n", 0.5) == 5.5
    assert r.mset({"a": 1, "b": 2}) is True and r.mget("a", "b", "c") == ["1", "2", None]
    assert r.append("a", "23") == 3 and r.getrange("a", 0, 1) == "12"
    assert r.set("short", "x", ex=100) and 95 <= r.ttl("short") <= 100
    assert r.expire("a", 50, nx=True) is True and r.persist("a") is True and r.ttl("a") == -1
    assert r.getex("a", px=100000) == "123" and r.getdel("a") == "123"
    assert r.exists("a", "b") == 1 and r.type("b") == "string"
    assert r.rename("b", "bb") is True and r.delete("bb") == 1
    assert r.lcs("greeting", "short") in ("", b"")
    assert r.config_get("maxmemory")["maxmemory"] == "0"
    assert r.info("server")["redis_version"]
    assert r.dbsize() == len(r.keys("*"))
    assert r.object("encoding", "n") == "embstr"
    assert r.time()[0] > 1_600_000_000
    assert r.client_id() == r.client_info()["id"]
    assert any(c["name"] == "session" for c in r.client_list())
    assert r.slowlog_len() >= 0 and r.command_count() > 50
    dump = redis.Redis(port=PORT).dump("greeting")
    r.restore("copy", 0, dump)
    assert r.get("copy") == "new"


def binary():
    r = redis.Redis(port=PORT)
    key, value = bytes(range(256)), b"\r\n\x00" * 100_000
    r.set(key, value)
    assert r.get(key) == value and r.strlen(key) == len(value)


def many_keys():
    r = redis.Redis(port=PORT, decode_responses=True)
    with r.pipeline(transaction=False) as pipe:
        for number in range(5_000):
            pipe.set(f"key:{number}", number)
        assert all(pipe.execute())
    assert set(r.scan_iter("key:*", count=100)) == {f"key:{number}" for number in range(5_000)}


def transactions():
    r = redis.Redis(port=PORT, decode_responses=True)
    r.set("counter", 0)
    with r.pipeline() as pipe:
        pipe.incr("counter").incr("counter").get("counter")
        assert pipe.execute() == [1, 2, "2"]

    def add():
        for _ in range(50):
            r.transaction(lambda p: (v := int(p.get("counter")), p.multi(), p.set("counter", v + 1)),
                          "counter")

    threads = [threading.Thread(target=add) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert r.get("counter") == "202", r.get("counter")


def errors():
    r = redis.Redis(port=PORT, decode_responses=True)
    r.set("word", "abc")
    for wrong in (lambda: r.incr("word"), lambda: r.execute_command("GET"),
                  lambda: r.execute_command("NOSUCH", "x")):
        try:
            wrong()
        except redis.ResponseError:
            continue
        raise AssertionError("no error")
    assert r.ping()


def databases():
    one, other = redis.Redis(port=PORT, db=1), redis.Redis(port=PORT, db=2)
    one.set("where", "one")
    assert other.get("where") is None
    assert one.move("where", 2) and other.get("where") == b"one"


def locks_and_queues():
    r = redis.Redis(port=PORT, decode_responses=True)
    token = r.execute_command("LOCK", "door", "OWNER", "me", "PX", 10_000)
    assert isinstance(token, int) and token > 0
    assert r.execute_command("LOCK", "door", "OWNER", "you", "PX", 10_000) is None
    assert r.execute_command("UNLOCK", "door", "OWNER", "me") == 1
    assert r.execute_command("QPUSH", "work", "job 1")
    receipt, body = r.execute_command("QPOP", "work")
    assert body == "job 1" and r.execute_command("QPOP", "work") is None
    assert r.execute_command("QACK", "work", receipt) == 1


def scripts():
    r = redis.Redis(port=PORT, decode_responses=True)
    r.script_flush()
    double = r.register_script("redis.call('set', KEYS[1], ARGV[1] * 2) return redis.call('get', KEYS[1])")
    assert double(keys=["doubled"], args=[21]) == "42"
    assert r.script_exists(double.sha) == [True]
    with r.pipeline() as pipe:
        double(keys=["doubled"], args=[4], client=pipe)
        pipe.get("doubled")
        assert pipe.execute() == ["8", "8"]
    assert int(r.info("memory")["number_of_cached_scripts"]) >= 1
    lock = r.lock("py-lock", timeout=10)
    assert lock.acquire(blocking=False)
    assert not r.lock("py-lock", timeout=10).acquire(blocking=False)
    assert lock.extend(10) and r.pttl("py-lock") > 10_000
    assert lock.reacquire() and r.pttl("py-lock") <= 10_000
    lock.release()
    assert r.get("py-lock") is None
    try:
        lock.release()
    except redis.exceptions.LockError:
        return
    raise AssertionError("no error")


def users():
    admin = redis.Redis(port=PORT, decode_responses=True)
    rules = dict(enabled=True, passwords=["+pw"], keys=["mine*"], categories=["+@all", "-@dangerous"])
    assert admin.acl_setuser("worker", reset=True, channels=["news"], **rules)
    user = admin.acl_getuser("worker")
    assert "on" in user["flags"] and "~mine*" in user["keys"] and "&news" in user["channels"], user
    assert "worker" in admin.acl_users() and len(admin.acl_list()) == 2
    for protocol in (2, 3):
        r = redis.Redis(port=PORT, username="worker", password="pw", protocol=protocol)
        assert r.acl_whoami() in ("worker", b"worker")
        assert r.set("mine", 1) is True and r.publish("news", "x") == 0
        denied = [
            lambda: r.set("theirs", 1),
            lambda: r.keys("*"),
            lambda: r.publish("other", "x"),
            lambda: r.execute_command("LOCK", "theirs"),
            lambda: r.pipeline(transaction=True).get("theirs").execute(),
        ]
        for call in denied:
            try:
                call()
            except redis.exceptions.NoPermissionError:
                continue
            raise AssertionError("no error")
    try:
        redis.Redis(port=PORT, username="worker", password="no").ping()
        raise AssertionError("no error")
    except redis.exceptions.AuthenticationError:
        pass
    assert admin.acl_log()[0]["reason"] == "auth" and admin.acl_log_reset()
    assert admin.acl_dryrun("worker", "get", "mine") in (True, "OK")
    assert admin.acl_deluser("worker") == 1


plain(2)
plain(3)
for session in (binary, many_keys, transactions, errors, databases, locks_and_queues, scripts, users):
    session()
print("redis-py", redis.__version__, "ok")
