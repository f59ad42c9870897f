// What sessions share that go on while the node that leads is killed.
//
// Whoever starts them reads "under way" on their output, kills the node and writes "killed" to
// their input. The first of the ports they are given is an address in front of the nodes:
// connections to the one that is killed end, and new ones lead to another. The second is a node
// that stays.
"use strict";

const { setTimeout: sleep } = require("node:timers/promises");

const PATIENCE_MS = 120_000;
const state = { killed: false };

setTimeout(() => {
  console.error("not done in time");
  process.exit(1);
}, 2 * PATIENCE_MS).unref();

function fail(why) {
  console.error(why);
  process.exit(1);
}

process.on("unhandledRejection", fail);

// Tells that the node may be killed, and from then on listens for when it was.
function underWay() {
  let said = "";
  process.stdin.on("data", (data) => {
    said += data;
    if (said.includes("killed\n")) state.killed = true;
  });
  process.stdin.on("end", () => state.killed || fail("nobody waits for this any more"));
  console.log("under way");
}

// The answer to what may be asked twice, through connections that break.
async function again(ask) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await ask();
    } catch (why) {
      if (performance.now() > end) throw why;
      await sleep(20);
    }
  }
}

async function until(holds, what) {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`still not: ${what}`);
    await sleep(5);
  }
}

// Works until the node was killed, and then so many rounds more.
async function rounds(count, round) {
  while (!state.killed) await round();
  for (let left = count; left > 0; left -= 1) await round();
}

// `PORTS NUMBER`, as all these sessions are started.
function started() {
  const [ports, count] = process.argv.slice(2);
  return [ports.split(",").map(Number), Number(count)];
}

module.exports = { again, fail, rounds, started, underWay, until };
