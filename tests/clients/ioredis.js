// A session of ioredis: `node ioredis.js PORT`. Any failure ends it with a trace.
const assert = require("node:assert");
const { Redis } = require("ioredis");

const port = Number(process.argv[2]);

async function session(options) {
  const r = new Redis({ port, connectionName: "session", ...options });
  await r.flushall();
  assert.equal(await r.set("greeting", "hello"), "OK");
  assert.equal(await r.get("greeting"), "hello");
  assert.equal(await r.set("greeting", "x", "NX"), null);
  assert.equal(await r.incrby("n", 7), 7);
  assert.deepEqual(await r.mget("greeting", "nothing"), ["hello", null]);
  assert.equal(await r.expire("n", 100), 1);
  assert.ok((await r.ttl("n")) > 90);
  assert.equal(await r.client("GETNAME"), "session");
  assert.ok((await r.info()).includes("redis_version:"));

  const replies = await r.multi().incr("n").incr("n").get("n").exec();
  assert.deepEqual(replies, [[null, 8], [null, 9], [null, "9"]]);
  await r.watch("n");
  await r.duplicate().incr("n");
  assert.equal(await r.multi().set("n", 0).exec(), null);

  const pipeline = r.pipeline();
  for (let i = 0; i < 2000; i++) pipeline.set(`key:${i}`, i);
  assert.ok((await pipeline.exec()).every(([error, reply]) => !error && reply === "OK"));
  const found = new Set();
  for await (const keys of r.scanStream({ match: "key:*", count: 100 })) keys.forEach((k) => found.add(k));
  assert.equal(found.size, 2000);

  const bytes = Buffer.from([...Array(256).keys()]);
  await r.set(bytes, bytes);
  assert.deepEqual(await r.getBuffer(bytes), bytes);
  await assert.rejects(r.incr("greeting"), /not an integer/);
  await assert.rejects(r.call("NOSUCH"), /unknown command/);

  const token = await r.call("LOCK", "door", "OWNER", "me", "PX", "10000");
  assert.ok(token > 0);
  assert.equal(await r.call("LOCK", "door", "OWNER", "you", "PX", "10000"), null);
  assert.equal(await r.call("UNLOCK", "door", "OWNER", "me"), 1);
  await r.call("QPUSH", "work", "job 1");
  const [receipt, body] = await r.call("QPOP", "work");
  assert.equal(body, "job 1");
  assert.equal(await r.call("QACK", "work", receipt), 1);
  const other = new Redis({ port, db: 3, ...options });
  assert.equal(await other.get("greeting"), null);
}

(async () => {
  for (const options of [{}, { protocol: 3 }, { protocol: 2 }]) await session(options);
  console.log("ioredis", require("ioredis/package.json").version, "ok");
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
