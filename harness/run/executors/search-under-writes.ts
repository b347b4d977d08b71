import { setMaxListeners } from 'node:events';
import { z } from 'zod';
import { deferred } from '../../../common/deferred.js';
import type { ParameterSet } from '../../../common/parameters.js';
import { WRITES_WORKLOAD, type WriteKind } from '../../model/writes.js';
import type { Recording } from '../recorder.js';
import { Looks } from '../writes/looks.js';
import { changedRows, MOST_CHANGED, planWrites, type WriteRates } from '../writes/plan.js';
import { WrittenVectors } from '../writes/vectors.js';
import { checkKept, sendWrites } from '../writes/writer.js';
import type { Executor, Pass, TrialPlan, TrialShape } from './executor.js';
import { openLoopOf, planOpenLoop, runOpenLoop } from './open-loop.js';
import { common, kindOf, places, rate } from './options.js';
import { ARRIVALS } from './schedule.js';

/** Writes that a pass may record. */
const MOST_WRITES = 200_000;

const writes = (what: string) => {
  const error = 'must be a number from 0 to 100000 writes/s';
  return z.number({ error }).min(0, { error }).max(100_000, { error }).default(0).describe(what);
};

const { threads: _, ...times } = common;

const options = z.object({
  rate: rate().describe('queries that are due per second'),
  inserts: writes('new points per second'),
  updates: writes('points per second whose vector is replaced'),
  deletes: writes('points per second that go'),
  // Absent of suites without filters, and of those that are older than it.
  metadataUpdates: writes("points per second whose metadata become another row's; of queries with filters")
    .removeDefault()
    .optional(),
  arrivals: z.enum(ARRIVALS, { error: `must be one of ${ARRIVALS.join(', ')}` }).default('poisson'),
  inFlight: places()
    .default(64)
    .describe('queries on their way at a time; others wait, and their wait counts'),
  writesInFlight: places()
    .default(8)
    .describe('writes on their way at a time; others wait, and their wait counts'),
  follow: z
    .number({ error: 'must be a number from 0 to 10000' })
    .min(0, { error: 'must be a number from 0 to 10000' })
    .max(10_000, { error: 'must be a number from 0 to 10000' })
    .default(20)
    .describe('writes per second that are looked for until they show, at most'),
  checkpoints: places(100)
    .default(4)
    .describe('parts of the time of which recall, latency and freshness are told apart'),
  ...times,
});

type Options = z.infer<typeof options>;

const ratesOf = ({ inserts, updates, deletes, metadataUpdates }: Options): WriteRates => ({
  insert: inserts,
  update: updates,
  delete: deletes,
  metadata: metadataUpdates ?? 0,
});

/**
 * The open loop beside writes: what searches are worth while the collection changes under them. It changes the collection,
 * and so each trial has a build of its own and one pass.
 */
export const searchUnderWrites: Executor = {
  type: WRITES_WORKLOAD,
  description:
    'Queries at a rate while points are inserted, updated and deleted, and their metadata change, at rates of their own; recall is measured against the points of each moment, and how soon a write shows.',
  ...kindOf(options),
  plan,
  run: runUnderWrites,
};

function plan(given: ParameterSet, shape: TrialShape): TrialPlan {
  const parsed = options.parse(given);
  const refused = (reason: string): TrialPlan => ({ state: 'refused', reason });
  const { collection } = shape;
  const rates = ratesOf(parsed);
  const all = (rates.insert + rates.update + rates.delete + rates.metadata) * parsed.seconds;
  if (all === 0)
    return refused('nothing is written: give inserts, updates, deletes or metadataUpdates per second');
  if (all > MOST_WRITES)
    return refused(`about ${Math.round(all)} writes are due, of which at most ${MOST_WRITES} are recorded`);
  if (collection !== undefined && !collection.writable)
    return refused(
      'it keeps no points that can be written one by one: its index is built once, and searched',
    );
  if (collection?.filtered === false && rates.metadata > 0)
    return refused('metadataUpdates need queries with filters: nothing else would show them');
  const changed = changedRows(rates, parsed.seconds);
  // Arrivals are random: some more than their mean may come.
  const most = changed + 6 * Math.sqrt(changed);
  if (collection !== undefined && most > MOST_CHANGED * collection.rows)
    return refused(
      `about ${Math.round(changed)} points would be updated or deleted, of ${collection.rows}: at most half of them, each once`,
    );
  const queries = planOpenLoop(given, shape);
  return queries.state === 'ok' ? { state: 'ok', passes: 1 } : queries;
}

async function runUnderWrites(pass: Pass, given: ParameterSet): Promise<Recording> {
  const parsed = options.parse(given);
  const { writing, origin, seed, count, several } = pass;
  const ended = new AbortController();
  const signal = AbortSignal.any([pass.signal, ended.signal]);
  // Each write that is followed waits by it.
  setMaxListeners(0, signal);
  if (writing === undefined) throw new Error('nothing can be written in this pass');
  const { seconds, warmUp, timeout, arrivals, follow } = parsed;
  const { metadata } = writing;
  const differ = metadata && ((row: number, other: number) => metadata.tells(row, other, 0) !== undefined);
  const planned = planWrites(ratesOf(parsed), { seconds, arrivals, seed, rows: count, follow, differ });
  const vectors = new WrittenVectors(writing.vectors, planned);
  const now = () => performance.now() - origin;
  const open = async () => (several ? pass.open() : { search: pass.search, filters: pass.filters });
  // Prepared before anything is written, as the searches of the load are: some engines search otherwise afterwards.
  const first = await open();
  const begun = deferred<number>();
  const queries = runOpenLoop(
    {
      ...pass,
      signal,
      count: count + planned.filter(({ kind }) => kind === 'insert').length,
      ready: async () => {
        const at = (await pass.ready?.()) ?? performance.now();
        begun.resolve(at);
        return at;
      },
    },
    openLoopOf(given, rampOf(parsed)),
  );
  queries.catch(begun.reject);
  const from = (await begun.promise) - origin + warmUp * 1000;
  const shared = { vectors, timeoutSeconds: timeout, now, signal };
  const looks = new Looks({ ...shared, metadata, metric: writing.metric, form: writing.form, first, open });
  const { points, several: severalWriters } = writing;
  const inFlight = severalWriters ? parsed.writesInFlight : 1;
  const sent = sendWrites(planned, { ...shared, points, metadata, looks, inFlight, from });
  // Neither goes on without the other.
  const [samples, done] = await Promise.all([queries, sent]).catch((error: unknown) => {
    ended.abort(error);
    throw error;
  });
  await checkKept(done, { points, timeoutSeconds: timeout, signal });
  writing.take({ from, to: from + seconds * 1000, points: count, writes: done }, vectors);
  return samples;
}

const rampOf = ({ rate: perSecond, seconds, warmUp }: Options) => ({
  from: perSecond,
  to: perSecond,
  seconds: warmUp + seconds,
});

/** The option that says how many writes of a kind are due. */
export const RATE_OPTIONS: Readonly<Record<WriteKind, keyof Options>> = {
  insert: 'inserts',
  update: 'updates',
  delete: 'deletes',
  metadata: 'metadataUpdates',
};
