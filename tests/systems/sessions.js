// Sessions of a web server in connect-redis: kept, prolonged, listed, ended.
//
//     sessions.js PORT
"use strict";

const assert = require("node:assert");
const { setTimeout: sleep } = require("node:timers/promises");
const { RedisStore } = require("connect-redis");
const { createClient } = require("redis");

const port = Number(process.argv[2]);

async function main() {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  const store = new RedisStore({ client, prefix: "web:", ttl: 1000 });
  const session = (name) => ({ name, cookie: { originalMaxAge: 60_000 } });
  for (let number = 0; number < 120; number += 1) await store.set(`s${number}`, session(`n${number}`));
  assert.strictEqual((await store.get("s7")).name, "n7");
  assert.strictEqual(await store.length(), 120);
  assert.strictEqual((await store.all()).length, 120);
  assert.deepStrictEqual((await store.ids()).sort().slice(0, 2), ["s0", "s1"]);

  const expires = new Date(Date.now() + 400);
  await store.set("short", { name: "short", cookie: { expires } });
  await store.touch("s7", { name: "n7", cookie: { expires: new Date(Date.now() + 5_000_000) } });
  assert.ok(await client.ttl("web:s7") > 1000);
  await sleep(1100);
  assert.ok(!await store.get("short"));

  await store.destroy("s7");
  assert.ok(!await store.get("s7"));
  await store.clear();
  assert.strictEqual(await store.length(), 0);
  console.log("sessions of connect-redis were kept");
  client.destroy();
}

main().catch((why) => {
  console.error(why);
  process.exit(1);
});
