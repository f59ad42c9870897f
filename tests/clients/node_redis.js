// A session of node-redis: `node node_redis.js PORT`. Any failure ends it with a trace.
const assert = require("node:assert");
const { createClient } = require("redis");

const url = `redis://127.0.0.1:${process.argv[2]}`;

async function session(options) {
  const r = createClient({ url, name: "session", ...options });
  r.on("error", (error) => { throw error; });
  await r.connect();
  await r.flushAll();
  assert.equal(await r.set("greeting", "hello"), "OK");
  assert.equal(await r.get("greeting"), "hello");
  assert.equal(await r.get("nothing"), null);
  assert.equal(await r.incrBy("n", 7), 7);
  assert.deepEqual(await r.mGet(["greeting", "nothing"]), ["hello", null]);
  assert.equal(await r.setEx("short", 100, "x"), "OK");
  assert.ok((await r.ttl("short")) > 90);
  assert.equal(await r.clientGetName(), "session");
  assert.equal((await r.configGet("maxmemory")).maxmemory, "0");
  assert.ok((await r.info()).includes("redis_version:"));

  assert.deepEqual(await r.multi().incr("n").incr("n").get("n").exec(), [8, 9, "9"]);
  const other = r.duplicate();
  await other.connect();
  await r.watch("n");
  await other.incr("n");
  await assert.rejects(r.multi().set("n", "0").exec(), /watch|Watch|abort/);

  await Promise.all([...Array(2000).keys()].map((i) => r.set(`key:${i}`, String(i))));
  const found = new Set();
  for await (const keys of r.scanIterator({ MATCH: "key:*", COUNT: 100 })) {
    for (const key of [keys].flat()) found.add(key);
  }
  assert.equal(found.size, 2000);
  await assert.rejects(r.incr("greeting"), /not an integer/);
  await assert.rejects(r.sendCommand(["NOSUCH"]), /unknown command/);

  const token = await r.sendCommand(["LOCK", "door", "OWNER", "me", "PX", "10000"]);
  assert.ok(token > 0);
  assert.equal(await r.sendCommand(["LOCK", "door", "OWNER", "you", "PX", "10000"]), null);
  assert.equal(await r.sendCommand(["UNLOCK", "door", "OWNER", "me"]), 1);
  await r.sendCommand(["QPUSH", "work", "job 1"]);
  const [receipt, body] = await r.sendCommand(["QPOP", "work"]);
  assert.equal(body, "job 1");
  assert.equal(await r.sendCommand(["QACK", "work", receipt]), 1);
  await r.select(3);
  assert.equal(await r.get("greeting"), null);
  await other.close();
  await r.close();
}

(async () => {
  for (const options of [{}, { RESP: 3 }, { RESP: 2 }]) await session(options);
  console.log("node-redis", require("redis/package.json").version, "ok");
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
