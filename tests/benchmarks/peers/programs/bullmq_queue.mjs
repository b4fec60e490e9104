// BullMQ on Redis with ioredis; one connection for adding, the worker has its own.

import { load, play } from "./acts.mjs";

const { Queue, Worker } = load("bullmq");
const Redis = load("ioredis").Redis;

const CONCURRENCY = 100;

async function openQueue(url) {
  const { hostname, port, pathname } = new URL(url);
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue("bench", { connection });
  await queue.waitUntilReady();

  return {
    prepare: async () => {},
    add: (given) => queue.add("no_op", given),
    addMany: (many) => queue.addBulk(many.map((given) => ({ name: "no_op", data: given }))),

    async left() {
      const { wait, prioritized, active } = await queue.getJobCounts("wait", "prioritized", "active");
      return wait + prioritized + active;
    },

    async work(handle, settings, concurrency) {
      const worker = new Worker("bench", async (job) => handle(job.data), {
        connection: { host: hostname, port: Number(port), db: Number(pathname.slice(1)) },
        concurrency: concurrency ?? CONCURRENCY,
      });
      await worker.waitUntilReady();
      return () => worker.close();
    },

    async close() {
      await queue.close();
      connection.disconnect();
    },
  };
}

await play(openQueue, ["bullmq", "ioredis"]);
