// Counters guarded by locks of redlock (versions 4 and 5) and redis-semaphore, and permits of
// redis-semaphore, while the node that leads is killed: no two hold a lock at once, nor more than
// there are permits, no lock that was acknowledged is gone, no count is lost.
//
//     guarded.js PORTS ROUNDS
"use strict";

const assert = require("node:assert");
const Redis = require("ioredis");
const Redlock4 = require("redlock4");
const { default: Redlock5 } = require("redlock5");
const { Mutex, Semaphore } = require("redis-semaphore");
const { again, fail, rounds, started, underWay, until } = require("./failover");

const LEASE_MS = 20_000;
const WORKERS = 4;
const PERMITS = 2;
const [ports, count] = started();

// Each gives `acquire` and `release`, and the token that stands under `key` while it is held.
class OfRedlock4 {
  static key = "guarded:4";
  constructor(client) {
    this.redlock = new Redlock4([client], { retryCount: 50, retryDelay: 5, retryJitter: 5 });
  }
  async acquire() {
    this.lock = await this.redlock.lock(OfRedlock4.key, LEASE_MS);
    this.token = this.lock.value;
  }
  release() { return this.lock.unlock(); }
}

class OfRedlock5 {
  static key = "guarded:5";
  constructor(client) {
    this.redlock = new Redlock5([client], { retryCount: 50, retryDelay: 5, retryJitter: 5 });
  }
  async acquire() {
    this.lock = await this.redlock.acquire([OfRedlock5.key], LEASE_MS);
    this.token = this.lock.value;
  }
  release() { return this.redlock.release(this.lock, { retryCount: 0 }); }
}

const BRIEFLY = { lockTimeout: LEASE_MS, acquireTimeout: 500, retryInterval: 5, onLockLost: fail };

class OfMutex {
  static key = "mutex:guarded";
  constructor(client) {
    this.client = client;
    this.mutex = new Mutex(client, "guarded", BRIEFLY);
    this.token = this.mutex.identifier;
  }
  async acquire() {
    // An earlier attempt whose answer was lost may have taken it.
    if (await this.client.get(OfMutex.key) === this.token) {
      const options = { ...BRIEFLY, identifier: this.token, acquiredExternally: true };
      this.mutex = new Mutex(this.client, "guarded", options);
    }
    await this.mutex.acquire();
  }
  release() { return this.mutex.release(); }
}

// Who is inside, and until when their leases let them.
class Inside {
  constructor(name, limit) {
    Object.assign(this, { name, limit, leases: new Map(), done: 0 });
  }
  enter(hold, leaseEnds) {
    const others = [...this.leases.values()].filter((end) => performance.now() < end);
    assert.ok(others.length < this.limit, `${this.name}: ${others.length + 1} hold it at once`);
    this.leases.set(hold, leaseEnds);
  }
  leave(hold) {
    const inTime = performance.now() < this.leases.get(hold);
    assert.ok(inTime, `${this.name}: stood still for longer than a lease`);
    this.leases.delete(hold);
    this.done += 1;
  }
}

// Reads and writes a counter under a lock.
async function counts(client, inside, library) {
  const hold = new library(client);
  await again(() => hold.acquire());
  const asked = performance.now();
  const left = await again(() => client.pttl(library.key));
  assert.ok(left > 0, `${inside.name}: what was acquired is not there`);
  inside.enter(hold, asked + left);
  const seen = Number(await again(() => client.get(`counted:${library.key}`)));
  await again(() => client.set(`counted:${library.key}`, seen + 1));
  const held = await again(() => client.get(library.key));
  assert.strictEqual(held, hold.token, `${inside.name}: what was held is gone`);
  inside.leave(hold);
  // Until it is somebody else's or nobody's: the answer to a release may be lost.
  while (await again(() => client.get(library.key)) === hold.token) {
    await hold.release().catch((why) => console.log(`released again: ${why.message}`));
  }
}

async function holdsPermit(client, inside) {
  const permit = new Semaphore(client, "guarded", PERMITS, BRIEFLY);
  await again(() => permit.acquire());
  const asked = performance.now();
  const score = await again(() => client.zscore("semaphore:guarded", permit.identifier));
  assert.notStrictEqual(score, null, `${inside.name}: a permit is gone`);
  inside.enter(permit, asked + LEASE_MS - (Date.now() - Number(score)));
  await again(() => client.incr("permits"));
  inside.leave(permit);
  await again(() => permit.release());
}

async function main() {
  const locks = [OfRedlock4, OfRedlock5, OfMutex].map((library) => {
    return [new Inside(library.key, 1), (client, inside) => counts(client, inside, library)];
  });
  const all = [...locks, [new Inside("permits", PERMITS), holdsPermit]];
  const clients = all.map(() => Array.from({ length: WORKERS }, (_, at) => {
    const client = new Redis({ port: ports[at % ports.length], maxRetriesPerRequest: null });
    return client.on("error", () => {});
  }));
  const working = all.flatMap(([inside, round], at) => clients[at].map((client) => {
    return rounds(count, () => round(client, inside)).catch(fail);
  }));
  await until(() => all.every(([inside]) => inside.done >= WORKERS), "first rounds");
  underWay();
  await Promise.all(working);
  for (const [inside] of all) {
    const counted = await again(() => clients[0].at(-1).get(`counted:${inside.name}`));
    if (inside.limit === 1) assert.strictEqual(Number(counted), inside.done, inside.name);
    console.log(`${inside.name}: ${inside.done} times, none lost`);
  }
  process.exit(0);
}

main().catch(fail);
