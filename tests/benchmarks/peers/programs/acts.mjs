// The acts of a peer on Node: the counterpart of talk.py and async_acts.py.
//
// A queue has prepare(), add(data), addMany(list), left(), the number of jobs that are not settled
// yet, work(handle, settings, concurrency), which resolves to what stops the worker, and close().

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const DATA_BYTES = 200;
const POLL_MILLISECONDS = 2;

// Packages are those of the folder in which the program was started.
export const load = createRequire(`${process.cwd()}/package.json`);

const milliseconds = () => Number(process.hrtime.bigint()) / 1e6;

function data(facts = {}) {
  const empty = JSON.stringify({ ...facts, text: "" }).length;
  return { ...facts, text: "x".repeat(DATA_BYTES - empty) };
}

const tell = (facts) => process.stdout.write(`${JSON.stringify(facts)}\n`);

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => (await lines.next()).value ?? "stop";

class Runs {
  constructor(share) {
    this.count = 0;
    this.allStarted = new Promise((resolve) => {
      this.handle = () => {
        if (!this.count) this.first = milliseconds();
        this.count += 1;
        if (this.count === share) resolve();
      };
    });
  }
}

const acts = {
  async prepare(queue) {
    await queue.prepare();
    tell({ done: true });
  },

  async add(queue, { count }) {
    const payload = data();
    await queue.add(payload);
    const started = milliseconds();
    for (let turn = 0; turn < count; turn += 1) await queue.add(payload);
    tell({ seconds: (milliseconds() - started) / 1e3 });
  },

  async fill(queue, { count }) {
    const many = Array.from({ length: count }, () => data());
    const started = milliseconds();
    await queue.addMany(many);
    tell({ seconds: (milliseconds() - started) / 1e3 });
  },

  async drain(queue, { count, settings, concurrency }) {
    const runs = new Runs(count);
    tell({ ready: true });
    await hear();
    const stop = await queue.work(runs.handle, settings, concurrency);
    await runs.allStarted;
    while (await queue.left()) await sleep(POLL_MILLISECONDS);
    tell({ seconds: (milliseconds() - runs.first) / 1e3, runs: runs.count });
    await stop();
  },

  async meet(queue, { settings }) {
    const delays = [];
    const note = (given) => delays.push(milliseconds() - given.at);
    const stop = await queue.work(note, settings, null);
    tell({ ready: true });
    await hear();
    tell({ delays });
    await stop();
  },

  async work(queue, { settings }) {
    const runs = new Runs(null);
    const stop = await queue.work(runs.handle, settings, null);
    tell({ ready: true });
    await hear();
    tell({ runs: runs.count });
    await stop();
  },

  async produce(queue, { gap, count, seconds }) {
    await queue.add(data({ at: milliseconds() }));
    tell({ ready: true });
    await hear();
    let added = 0;
    const end = seconds === null ? Infinity : milliseconds() + seconds * 1e3;
    while (added !== count && milliseconds() < end) {
      if (gap) await sleep(gap * 1e3);
      await queue.add(data({ at: milliseconds() }));
      added += 1;
    }
    tell({ added: added + 1, left: await queue.left() });
  },
};

export async function play(openQueue, packages) {
  const { act, url, ...given } = JSON.parse(process.argv[2]);
  if (act === "versions") {
    const versions = packages.map((name) => [name, load(`./node_modules/${name}/package.json`).version]);
    tell({ runtime: `Node ${process.versions.node}`, packages: Object.fromEntries(versions) });
  } else {
    const queue = await openQueue(url);
    await acts[act](queue, given);
    await queue.close();
  }
  process.stdout.write("", () => process.exit(0));
}
