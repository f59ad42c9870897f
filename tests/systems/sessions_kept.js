// Sessions of connect-redis while the node that leads is killed: every one that was acknowledged is
// there, as it was last acknowledged, and those that were destroyed are not.
//
//     sessions_kept.js PORTS SESSIONS
"use strict";

const assert = require("node:assert");
const { RedisStore } = require("connect-redis");
const { createClient } = require("redis");
const { again, fail, rounds, started, underWay, until } = require("./failover");

const [ports, count] = started();

// One web server: what it was told of each session.
class Site {
  constructor(port, name) {
    this.client = createClient({ url: `redis://127.0.0.1:${port}` }).on("error", () => {});
    this.store = new RedisStore({ client: this.client, prefix: "kept:", ttl: 1000 });
    Object.assign(this, { name, sessions: new Map(), unsure: 0 });
  }

  // Whether it was acknowledged.
  async told(ask) {
    try {
      await ask();
      return true;
    } catch {
      this.unsure += 1;
      return false;
    }
  }

  async set(id, turn) {
    const kept = this.sessions.get(id) ?? { told: -1 };
    this.sessions.set(id, { ...kept, tried: turn });
    const session = { turn, cookie: { originalMaxAge: 600_000 } };
    if (await this.told(() => this.store.set(id, session))) this.sessions.get(id).told = turn;
  }

  async round() {
    const id = `${this.name}-${this.sessions.size}`;
    for (let turn = 0; turn < 3; turn += 1) await this.set(id, turn);
    if (this.sessions.size % 5 === 0) {
      this.sessions.get(id).ended = await this.told(() => this.store.destroy(id)) ? "yes" : "maybe";
    }
  }

  async check(reader) {
    for (const [id, { told, tried, ended }] of this.sessions) {
      const turn = (await reader.get(id))?.turn ?? -1;
      const wanted = ended === "yes" ? [-1, -1] : [ended ? -1 : told, tried];
      assert.ok(wanted[0] <= turn && turn <= wanted[1], `${id}: ${turn}, not in ${wanted}`);
    }
    console.log(`${this.name}: ${this.sessions.size} sessions kept, ${this.unsure} answers lost`);
  }
}

async function main() {
  const sites = [...ports, ...ports].map((port, at) => new Site(port, `site-${at}`));
  await Promise.all(sites.map((site) => again(() => site.client.connect())));
  const working = sites.map((site) => rounds(count, () => site.round()).catch(fail));
  await until(() => sites.every((site) => site.sessions.size > count / 4), "first sessions");
  underWay();
  await Promise.all(working);
  for (const site of sites) await site.check(sites.at(-1).store);
  process.exit(0);
}

main().catch(fail);
