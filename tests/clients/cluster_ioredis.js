// A session of ioredis' Cluster: `node cluster_ioredis.js PORT`, one of three nodes.
// Any failure ends it with a trace.
const assert = require("node:assert");
const { Cluster, Redis } = require("ioredis");

const port = Number(process.argv[2]);
const KEYS = 300;

async function session(redisOptions) {
  const r = new Cluster([{ host: "127.0.0.1", port }], { redisOptions, enableReadyCheck: true });
  try {
    await work(r);
  } finally {
    r.disconnect();
  }
}

async function work(r) {
  await new Promise((resolve, reject) => r.once("ready", resolve).once("error", reject));
  const masters = r.nodes("master");
  assert.ok(masters.length > 1);
  assert.equal(r.nodes("slave").length, 0);
  await Promise.all(masters.map((node) => node.flushall()));

  for (let i = 0; i < KEYS; i++) assert.equal(await r.set(`key:${i}`, i), "OK");
  const values = await Promise.all([...Array(KEYS).keys()].map((i) => r.get(`key:${i}`)));
  assert.deepEqual(values, [...Array(KEYS).keys()].map(String));
  const sizes = await Promise.all(masters.map((node) => node.dbsize()));
  assert.equal(sizes.reduce((a, b) => a + b), KEYS);

  const found = [];
  for (const node of masters) {
    for await (const keys of node.scanStream({ match: "key:*", count: 10 })) found.push(...keys);
  }
  assert.equal(found.length, KEYS);
  assert.equal(new Set(found).size, KEYS);

  assert.equal(await r.mset("{t}a", 1, "{t}b", 2), "OK");
  assert.deepEqual(await r.mget("{t}a", "{t}b"), ["1", "2"]);
  await assert.rejects(r.mset("a", 1, "b", 2), /CROSSSLOT|same slot/);
  const pipeline = r.pipeline();
  for (let i = 0; i < 100; i++) pipeline.incr(`{t}count:${i}`);
  assert.ok((await pipeline.exec()).every(([error, reply]) => !error && reply === 1));
  assert.deepEqual(await r.multi().incr("{t}a").get("{t}b").exec(), [[null, 2], [null, "2"]]);

  // ioredis does not know these, and sends them anywhere.
  assert.ok((await r.call("LOCK", "door", "OWNER", "me", "PX", "10000")) > 0);
  assert.equal(await r.call("UNLOCK", "door", "OWNER", "me"), 1);
  assert.ok(await r.call("QPUSH", "work", "job"));
  const [receipt, body] = await r.call("QPOP", "work");
  assert.equal(body, "job");
  assert.equal(await r.call("QACK", "work", receipt), 1);

  assert.ok((await r.cluster("INFO")).includes("cluster_state:ok"));
  await Promise.all(masters.map((node) => node.flushall()));
}

// Who leads what, as one node tells it.
async function layout() {
  const r = new Redis({ port });
  const ranges = await r.cluster("SLOTS");
  r.disconnect();
  return JSON.stringify(ranges);
}

// A session in which no leadership moved: on a busy machine one may.
async function steady(options) {
  for (let left = 5; ; left--) {
    const before = await layout();
    try {
      return await session(options);
    } catch (error) {
      if (left === 1 || (await layout()) === before) throw error;
    }
  }
}

(async () => {
  await steady({});
  await steady({ protocol: 2 });
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
