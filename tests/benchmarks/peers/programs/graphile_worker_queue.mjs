// graphile-worker on PostgreSQL, with the settings that its page on performance gives.

import { load, play } from "./acts.mjs";

const { Logger, makeWorkerUtils, run } = load("graphile-worker");
const { Pool } = load("pg");

const CONCURRENCY = 24;
const BATCHES = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

async function openQueue(url) {
  const pool = new Pool({ connectionString: url, max: CONCURRENCY + 1 });
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ pgPool: pool, logger });

  return {
    prepare: () => utils.migrate(),
    add: (given) => utils.addJob("no_op", given),
    addMany: (many) => utils.addJobs(many.map((payload) => ({ identifier: "no_op", payload }))),

    async left() {
      const { rows } = await pool.query("SELECT count(*) AS n FROM graphile_worker._private_jobs");
      return Number(rows[0].n);
    },

    async work(handle, settings, concurrency) {
      const concurrentJobs = concurrency ?? CONCURRENCY;
      const batches = settings === "full" ? BATCHES : {};
      const runner = await run({
        pgPool: pool,
        logger,
        noHandleSignals: true,
        taskList: { no_op: async (given) => handle(given) },
        preset: { worker: { concurrentJobs, ...batches } },
      });
      return () => runner.stop();
    },

    async close() {
      await utils.release();
      await pool.end();
    },
  };
}

await play(openQueue, ["graphile-worker", "pg"]);
