// Pipelines of ioredis and node-redis while the node that leads is killed: every write that was
// acknowledged is there, and unless the library sends again by itself all are in order and none is
// there twice.
//
//     pipelines.js PORTS ROUNDS
"use strict";

const assert = require("node:assert");
const Redis = require("ioredis");
const { createClient } = require("redis");
const { again, fail, rounds, started, underWay, until } = require("./failover");

const SIZE = 20;
// What was sent and is not sent again is never answered, unless it is given up.
const ONCE = { autoResendUnfulfilledCommands: false, commandTimeout: 2000 };
const [ports, count] = started();

// Each pushes numbers to a list in one pipeline and gives those that were acknowledged.
async function ofIoredis(port, options) {
  const client = new Redis({ port, maxRetriesPerRequest: null, ...options }).on("error", () => {});
  return async (key, numbers) => {
    const pipeline = client.pipeline();
    numbers.forEach((number) => pipeline.rpush(key, number));
    const replies = await pipeline.exec();
    return numbers.filter((_, at) => !replies[at][0]);
  };
}

async function ofNodeRedis(port, asPipeline) {
  const client = createClient({ url: `redis://127.0.0.1:${port}` }).on("error", () => {});
  await again(() => client.connect());
  if (asPipeline) {
    return async (key, numbers) => {
      const multi = client.multi();
      numbers.forEach((number) => multi.rPush(key, String(number)));
      await multi.execAsPipeline();
      return numbers;
    };
  }
  // Commands of one turn are a pipeline.
  return async (key, numbers) => {
    const replies = numbers.map((number) => client.rPush(key, String(number)));
    const settled = await Promise.allSettled(replies);
    return numbers.filter((_, at) => settled[at].status === "fulfilled");
  };
}

class Writer {
  constructor(name, push, sendsAgain) {
    Object.assign(this, { name, push, sendsAgain, next: 0, told: [], lost: 0 });
  }

  async round() {
    const numbers = Array.from({ length: SIZE }, (_, at) => this.next + at);
    this.next += SIZE;
    const told = await this.push(this.name, numbers).catch(() => []);
    this.told.push(...told);
    this.lost += SIZE - told.length;
  }

  check(list) {
    // In which order a library sends again is its own affair.
    for (let at = 1; at < list.length && !this.sendsAgain; at += 1) {
      assert.ok(list[at - 1] < list[at], `${this.name}: ${list[at]} after ${list[at - 1]}`);
    }
    const there = new Set(list);
    const lost = this.told.filter((number) => !there.has(number));
    assert.deepStrictEqual(lost, [], `${this.name}: acknowledged and not there`);
    console.log(`${this.name}: ${this.told.length} acknowledged writes there, ${this.lost} unsure`);
  }
}

async function main() {
  const writers = [];
  for (const port of ports) {
    writers.push(
      new Writer(`ioredis-${port}`, await ofIoredis(port, {}), true),
      new Writer(`ioredis-once-${port}`, await ofIoredis(port, ONCE), false),
      new Writer(`node-redis-${port}`, await ofNodeRedis(port, false), false),
      new Writer(`node-redis-pipeline-${port}`, await ofNodeRedis(port, true), false),
    );
  }
  const working = writers.map((writer) => rounds(count, () => writer.round()).catch(fail));
  await until(() => writers.every((writer) => writer.next >= 4 * SIZE), "first pipelines");
  underWay();
  await Promise.all(working);
  const reader = new Redis({ port: ports.at(-1) }).on("error", () => {});
  for (const writer of writers) {
    writer.check((await again(() => reader.lrange(writer.name, 0, -1))).map(Number));
  }
  process.exit(0);
}

main().catch(fail);
