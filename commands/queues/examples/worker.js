#!/usr/bin/env node
// Sends the letters of a queue: `node worker.js QUEUE HOST:PORT [HOST:PORT ...]`, with ioredis.
//
// A message is a JSON object, `{"to": "ann@example.org"}`. Start as many workers as there is work for, anywhere, and
// end them with SIGTERM. Name all nodes: whichever answers will do. Everything that is sent here is safe to repeat,
// because replies get lost when a node dies:
//
// * a pop with the same REQID gives the same delivery;
// * QACK, QNACK and QEXTEND name a delivery by its receipt, and what is settled stays settled;
// * the letter is kept under the message's id, which is the same in every delivery.
//
// What a worker had that died comes to another when its visibility timeout is over.
const { randomUUID } = require("node:crypto");
const os = require("node:os");
const { setTimeout: sleep } = require("node:timers/promises");
const { Redis } = require("ioredis");

// Short, so that what a dead worker had comes back soon: work that takes longer extends it.
const VISIBLE_AFTER_MS = 3_000;
const BLOCK_MS = 2_000;
// Without an answer of any node for so long the worker ends, and whatever started it may start it again.
const PATIENCE_MS = 60_000;

const NAME = `${os.hostname()}:${process.pid}`;
// Another node may do it, or this one in a moment.
const AGAIN = ["CLUSTERDOWN", "UNCERTAIN", "TRYAGAIN", "UNBLOCKED"];

let stopping = false;

// The first word of an error that a node gave; none: no node answered.
const code = (problem) => (problem.name === "ReplyError" ? problem.message.split(" ")[0] : undefined);

// A connection to one node, and to the next one when that fails.
class Nodes {
  constructor(addresses) {
    this.addresses = addresses;
    this.turn = 0;
    this.client = undefined;
  }

  // Sends a command until it is answered. It has to be safe to repeat.
  async call(...words) {
    const begun = Date.now();
    for (;;) {
      const client = this.connection();
      try {
        return await client.call(...words.map(String));
      } catch (problem) {
        const refused = code(problem);
        const final = refused !== undefined && !AGAIN.includes(refused);
        if (final || Date.now() - begun > PATIENCE_MS) throw problem;
      }
      this.moveOn(client);
      await sleep(50);
    }
  }

  connection() {
    if (this.client === undefined) {
      const address = this.addresses[this.turn % this.addresses.length];
      const colon = address.lastIndexOf(":");
      this.client = new Redis({
        host: address.slice(0, colon),
        port: Number(address.slice(colon + 1)),
        connectTimeout: 1_000,
        // Longer than the longest wait, so that a node that says nothing is found out.
        commandTimeout: BLOCK_MS + 3_000,
        // Repeating is done here, at the next node.
        retryStrategy: () => null,
        maxRetriesPerRequest: 0,
      });
      // Its commands fail, which is where that is dealt with.
      this.client.on("error", () => {});
    }
    return this.client;
  }

  // Work and its extension share the connection: only the first of them that fails leaves it.
  moveOn(failed) {
    if (this.client !== failed) return;
    failed.disconnect();
    this.client = undefined;
    this.turn += 1;
  }
}

// Takes messages one after the other, until it is told to stop.
class Worker {
  constructor(queue, addresses) {
    this.queue = queue;
    this.nodes = new Nodes(addresses);
  }

  async run() {
    let job;
    while (!stopping) job = job ? await this.work(...job) : await this.pop();
    // Nothing was wrong with it: it does not count as a failure.
    if (job) await this.giveBack(job[0], "SILENT");
  }

  // The words about a delivery; their REQID is new for each, and the same when it is asked for again.
  wanted() {
    return ["BLOCK", BLOCK_MS, "VT", VISIBLE_AFTER_MS, "CONSUMER", NAME, "REQID", randomUUID()];
  }

  pop() {
    return this.nodes.call("QPOP", this.queue, ...this.wanted());
  }

  // Settles a message, or says what was wrong, and gives the next one if there is one.
  async work(receipt, body) {
    let letter;
    try {
      letter = JSON.parse(body);
    } catch (problem) {
      // It will never be better: it is dead at once, for somebody to look at.
      return this.giveBack(receipt, "FATAL", "ERR", problem.message.slice(0, 200));
    }
    const extending = setInterval(() => this.extend(receipt), VISIBLE_AFTER_MS / 3);
    try {
      await this.send(receipt.slice(0, receipt.lastIndexOf("-")), letter);
    } catch (problem) {
      // It comes back after a while, and is dead when it has failed too often.
      return await this.giveBack(receipt, "FAIL", "ERR", problem.message.slice(0, 200));
    } finally {
      clearInterval(extending);
    }
    // One command settles this message and takes the next: two entries of the log for each, not three.
    const [, more] = await this.nodes.call("QACK", this.queue, receipt, "POP", 1, ...this.wanted());
    return more ? more[0] : undefined;
  }

  // Keeps a message hidden from others while it is worked on.
  async extend(receipt) {
    try {
      await this.nodes.call("QEXTEND", this.queue, receipt, VISIBLE_AFTER_MS);
    } catch (problem) {
      // Somebody else has it by now. Both keep the letter under the same id.
      console.error(`${NAME}: ${receipt} is not extended: ${problem.message}`);
    }
  }

  async giveBack(receipt, ...how) {
    try {
      await this.nodes.call("QNACK", this.queue, receipt, ...how);
    } catch (problem) {
      // Said before, and the reply was lost; or it took too long and is somebody else's.
      if (code(problem) !== "QSTALE") throw problem;
    }
  }

  // The work: here it takes its time, and what was done is written down.
  async send(message, letter) {
    if (!letter.to.includes("@")) throw new Error(`no address: ${letter.to}`);
    await sleep(1_000 * (letter.seconds ?? 0));
    await this.nodes.call("SET", `sent:${message}`, letter.to);
  }
}

process.on("SIGTERM", () => (stopping = true));
process.on("SIGINT", () => (stopping = true));
new Worker(process.argv[2], process.argv.slice(3)).run().then(
  () => process.exit(0),
  (problem) => {
    console.error(problem);
    process.exit(1);
  },
);
