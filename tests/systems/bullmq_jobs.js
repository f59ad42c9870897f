// BullMQ: jobs with results, retries, delays, priorities, events.
//
//     bullmq_jobs.js PORT JOBS
"use strict";

const { Queue, QueueEvents, Worker } = require("bullmq");

const [port, jobs] = process.argv.slice(2).map(Number);
const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
const PATIENCE_MS = 60_000;

function until(holds, what) {
  const end = Date.now() + PATIENCE_MS;
  return new Promise((resolve, reject) => {
    const look = async () => {
      try {
        if (await holds()) return resolve();
      } catch (why) {
        console.log(`asked again: ${why.message}`);
      }
      if (Date.now() > end) return reject(new Error(`still not: ${what}`));
      setTimeout(look, 50);
    };
    look();
  });
}

async function main() {
  const queue = new Queue("systems", { connection });
  const events = new QueueEvents("systems", { connection });
  const done = new Set();
  const told = new Set();
  events.on("completed", ({ jobId }) => told.add(jobId));
  const worker = new Worker("systems", async (job) => {
    if (job.data.number % 10 === 3 && job.attemptsMade === 0) throw new Error("once more");
    done.add(job.data.number);
    return job.data.number + 1;
  }, { connection, concurrency: 5 });
  for (const one of [queue, events, worker]) one.on("error", (why) => console.log(why.message));
  await events.waitUntilReady();

  const sent = new Map();
  for (let number = 0; number < jobs; number += 1) {
    const options = { attempts: 3, backoff: 10, priority: number % 3, delay: number % 7 === 0 ? 200 : 0 };
    try {
      sent.set(number, (await queue.add("do", { number }, options)).id);
    } catch (why) {
      console.log(`job ${number} was not acknowledged: ${why.message}`);
    }
    if (number === Math.floor(jobs / 4)) console.log("under way");
  }
  if (sent.size === 0) throw new Error("no job was acknowledged");
  await until(() => [...sent.keys()].every((number) => done.has(number)), "all jobs");
  await until(async () => {
    const states = await Promise.all([...sent.values()].map((id) => queue.getJobState(id)));
    return states.every((state) => state === "completed");
  }, "all jobs completed");
  await until(() => [...sent.values()].every((id) => told.has(id)), "the events of all jobs");
  const counts = await queue.getJobCounts("active", "waiting", "delayed", "failed");
  if (Object.values(counts).some((count) => count !== 0)) throw new Error(JSON.stringify(counts));
  console.log(`${sent.size} jobs acknowledged and done`);
  process.exit(0);
}

main().catch((why) => {
  console.error(why);
  process.exit(1);
});
