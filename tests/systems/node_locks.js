// Locks of redlock (versions 4 and 5) and redis-semaphore: never two holders, leases that are
// prolonged, permits that are counted.
//
//     node_locks.js PORT ROUNDS
"use strict";

const assert = require("node:assert");
const { setTimeout: sleep } = require("node:timers/promises");
const Redis = require("ioredis");
const Redlock4 = require("redlock4");
const { default: Redlock5 } = require("redlock5");
const { Mutex, Semaphore } = require("redis-semaphore");

const [port, rounds] = process.argv.slice(2).map(Number);
const clients = Array.from({ length: 3 }, () => new Redis({ port }));

// Several at once that count without an atomic command: every count has to be there.
async function noTwo(name, hold) {
  const counter = { value: 0 };
  await Promise.all(clients.map(async (client) => {
    for (let round = 0; round < rounds; round += 1) {
      const letGo = await hold(client);
      const seen = counter.value;
      await sleep(1);
      counter.value = seen + 1;
      await letGo();
    }
  }));
  assert.strictEqual(counter.value, clients.length * rounds, name);
}

async function redlock4() {
  const options = { retryCount: 1000, retryDelay: 5, retryJitter: 5 };
  await noTwo("redlock 4", async (client) => {
    const lock = await new Redlock4([client], options).lock("counted:4", 5000);
    return () => lock.unlock();
  });
  const redlock = new Redlock4([clients[0]], { retryCount: 0 });
  const lock = await redlock.lock("door:4", 1000);
  await assert.rejects(redlock.lock("door:4", 1000), { name: "LockError" });
  const longer = await lock.extend(20_000);
  assert.ok(await clients[0].pttl("door:4") > 1000);
  await longer.unlock();
  await assert.rejects(longer.unlock(), { name: "LockError" });
}

async function redlock5() {
  const options = { retryCount: 1000, retryDelay: 5, retryJitter: 5 };
  await noTwo("redlock 5", async (client) => {
    const lock = await new Redlock5([client], options).acquire(["{counted:5}a", "{counted:5}b"], 5000);
    return () => lock.release();
  });
  const redlock = new Redlock5([clients[0]], { retryCount: 0 });
  let lock = await redlock.acquire(["door:5"], 1000);
  await assert.rejects(redlock.acquire(["door:5"], 1000), { name: "ExecutionError" });
  lock = await lock.extend(20_000);
  assert.ok(await clients[0].pttl("door:5") > 1000);
  await lock.release();
  await redlock.using(["used:5"], 600, { automaticExtensionThreshold: 300 }, async (signal) => {
    await sleep(900);
    assert.ok(!signal.aborted && await clients[0].exists("used:5"));
  });
  assert.strictEqual(await clients[0].exists("used:5"), 0);
}

async function semaphores() {
  await noTwo("redis-semaphore", async (client) => {
    const mutex = new Mutex(client, "counted", { retryInterval: 5, acquireTimeout: 30_000 });
    await mutex.acquire();
    return () => mutex.release();
  });
  const permits = Array.from({ length: 4 }, () => new Semaphore(clients[0], "permits", 3, {
    acquireTimeout: 50, retryInterval: 10 }));
  for (const permit of permits.slice(0, 3)) await permit.acquire();
  assert.ok(!await permits[3].tryAcquire());
  await permits[0].release();
  assert.ok(await permits[3].tryAcquire());
  for (const permit of permits.slice(1)) await permit.release();
}

async function main() {
  await redlock4();
  await redlock5();
  await semaphores();
  console.log("locks of redlock and redis-semaphore held");
  process.exit(0);
}

main().catch((why) => {
  console.error(why);
  process.exit(1);
});
