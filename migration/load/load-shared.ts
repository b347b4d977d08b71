import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../../common/errors.js';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { Pace } from '../export/pace.js';
import { type Lease, WorkQueue } from '../work/queue.js';
import { QueueSession } from '../work/session.js';
import { finishLoad, retryRejects } from './finish.js';
import { itemsOf } from './ledger.js';
import { type LoadOptions, type LoadResult, Writers, workersOf } from './load.js';
import { type LoadPlan, planLoad, undecided } from './plan.js';
import { REJECTS, rejectsParquet } from './rejects.js';
import { SharedLedger, SharedRejects } from './shared-ledger.js';
import {
  type Made,
  makeCollection,
  type OpenTarget,
  openMade,
  openTarget,
  type WholePoints,
} from './target.js';
import { BATCH, type Workshop, work } from './worker.js';

export interface SharedLoadOptions extends LoadOptions {
  /** Database of the queue: `postgres://user@host:port/database`; its password is PGPASSWORD. */
  queue: string;
  /** Seconds of an item's first lease. */
  lease?: number | undefined;
  /** Stay until the load is complete, so as to take over from workers that die. */
  wait: boolean;
}

export type SharedLoadResult =
  | LoadResult
  /** Others hold all that is left; `seconds`: until the first of their leases ends. */
  | { state: 'others at work'; seconds: number };

const LEASE_SECONDS = 600;
/** Leases are asked for again at least so often, as others hand over before theirs end. */
const POLL_SECONDS = 5;
const STAGE = { make: 0, rows: 1, finish: 2 } as const;

/**
 * Works at a load together with other processes, here or on other machines: each takes rows by leases that it holds one
 * at a time, one makes the collection first, one builds the index and compares at the end.
 *
 * @throws as `loadExport`; what this worker holds is handed over to others then
 */
export async function loadShared(options: SharedLoadOptions): Promise<SharedLoadResult> {
  if (options.rejectsOnly === true) {
    throw new InputError('is done by the worker that finishes the load', {
      where: '--rejects',
      next: 'leave it out: the rejects are written again once all rows are done',
    });
  }
  const plan = await planLoad(options.source, options.mapping);
  const { exported } = plan.source.manifest.counts;
  const { env, signal } = options;
  const session = new QueueSession(options.queue, env, signal);
  const queue = new WorkQueue(session, jobOf(plan));
  try {
    await queue.prepare([
      { stage: STAGE.make, from: 0, to: 0 },
      ...itemsOf(exported).map(({ from, to }) => ({ stage: STAGE.rows, from, to })),
      { stage: STAGE.finish, from: exported, to: exported },
    ]);
    return await new SharedLoad(plan, queue, jobOf(plan), options).run();
  } finally {
    await session.close();
  }
}

/** The same for all workers of a load, and for no other. */
function jobOf({ of }: LoadPlan): string {
  return createHash('sha256')
    .update(JSON.stringify([of.sum, of.mapping, of.place]))
    .digest('hex');
}

class SharedLoad {
  readonly #plan: LoadPlan;
  readonly #queue: WorkQueue;
  readonly #options: SharedLoadOptions;
  readonly #rejects: SharedRejects;
  readonly #made: Made;
  readonly #owner = `${hostname()} ${process.pid} ${randomBytes(4).toString('hex')}`;

  constructor(plan: LoadPlan, queue: WorkQueue, job: string, options: SharedLoadOptions) {
    this.#plan = plan;
    // The same for all workers: whoever goes on after a crash knows the collection by it.
    this.#made = { place: plan.of.place, madeBy: `load ${job}`, state: 'made' };
    this.#queue = queue;
    this.#options = options;
    this.#rejects = new SharedRejects(queue);
  }

  async run(): Promise<SharedLoadResult> {
    const { acceptRejects, signal } = this.#options;
    if (acceptRejects !== undefined) await this.#rejects.accept(acceptRejects);
    for (;;) {
      signal.throwIfAborted();
      const taken = await this.#take(this.#owner);
      if (taken.state === 'done') return this.#result(undefined);
      if (taken.state === 'others') {
        if (!this.#options.wait) return { state: 'others at work', seconds: taken.seconds };
        await pause(1000 * Math.min(POLL_SECONDS, Math.max(0.2, taken.seconds)), undefined, { signal });
        continue;
      }
      const { lease } = taken;
      const result = await this.#workAt(lease);
      if (result !== undefined) return result;
    }
  }

  #take(owner: string) {
    return this.#queue.take(owner, this.#options.lease ?? LEASE_SECONDS);
  }

  /** @returns a result where the load ends with it */
  async #workAt(lease: Lease): Promise<SharedLoadResult | undefined> {
    if (lease.stage === STAGE.make) return this.#make(lease);
    if (lease.stage === STAGE.finish) return this.#finish(lease);
    const { definition, address } = this.#plan;
    void this.#plan.spec;
    const target = await this.#opened(lease, () =>
      openTarget(definition, address, this.#options, this.#plan.tenants),
    );
    try {
      await this.#rows(lease, target);
    } finally {
      await target.close();
    }
    return undefined;
  }

  /** The losses, which need all points to be read, are looked at by this one worker. */
  async #make(lease: Lease): Promise<SharedLoadResult | undefined> {
    const { signal, onNotice } = this.#options;
    return this.#renewed(lease, async () => {
      const losses = await undecided(this.#plan, signal);
      if (losses.length > 0) {
        await this.#queue.handOver(lease, lease.from, 0);
        return { state: 'undecided', losses };
      }
      const { definition, address, spec } = this.#plan;
      const target = await openTarget(definition, address, this.#options, this.#plan.tenants);
      try {
        const made: Made = { ...this.#made, state: lease.attempts > 1 ? 'making' : 'new' };
        await makeCollection(target.connected, spec, made, { tenants: this.#plan.tenants, onNotice });
      } finally {
        await target.close();
      }
      await this.#queue.finish(lease);
      return undefined;
    });
  }

  /** Rows until there are none to be had: the first lease is taken, the others are asked for. */
  async #rows(first: Lease, target: OpenTarget): Promise<void> {
    const { exported } = this.#plan.source.manifest.counts;
    const { signal, onProgress } = this.#options;
    const collection = await this.#opened(first, () =>
      openMade(target.connected, this.#plan.spec, this.#made, this.#plan.tenants),
    );
    const writers = new Writers(target, this.#plan, { collection, made: this.#made }, this.#options);
    const count = workersOf(target, this.#plan, this.#options);
    const ledgers: SharedLedger[] = [];
    const waiting: Lease[] = [first];
    const ledgerOf = (at: number) => {
      const owner = at === 0 ? this.#owner : `${this.#owner} ${at}`;
      const ledger = new SharedLedger(this.#queue, async () => {
        const given = at === 0 ? waiting.pop() : undefined;
        if (given !== undefined) return given;
        const taken = await this.#take(owner);
        if (taken.state !== 'leased') return undefined;
        if (taken.lease.stage === STAGE.rows) return taken.lease;
        // The last stage has begun: it is for the loop that takes leases of all stages.
        await this.#queue.handOver(taken.lease, taken.lease.from, 0);
        return undefined;
      });
      ledgers.push(ledger);
      return ledger;
    };
    const shop: Workshop = {
      plan: this.#plan,
      ledger: ledgerOf(0),
      limits: {
        bytes: this.#options.batchBytes ?? BATCH.bytes,
        points: this.#options.batchPoints,
      },
      pace: new Pace(this.#options.rate),
      signal,
      onSettled: () => undefined,
    };
    let done = (await this.#queue.progress()).rows;
    const onSettled = (rows: number) => {
      done += rows;
      onProgress?.(Math.min(done, exported), exported);
    };
    try {
      await writers.run(count, (writer, at, stop) => {
        const ledger = at === 0 ? shop.ledger : ledgerOf(at);
        return work({ ...shop, ledger, signal: stop, onSettled }, writer);
      });
    } finally {
      // Whatever ended it, others go on with the rest at once.
      await Promise.allSettled(ledgers.map((ledger) => ledger.handOver()));
      await writers.close();
    }
  }

  async #finish(lease: Lease): Promise<SharedLoadResult | undefined> {
    const { signal } = this.#options;
    return this.#renewed(lease, async () => {
      const { definition, address, spec } = this.#plan;
      const target = await openTarget(definition, address, this.#options, this.#plan.tenants);
      try {
        const collection = await openMade(target.connected, spec, this.#made, this.#plan.tenants);
        const writers = new Writers(target, this.#plan, { collection, made: this.#made }, this.#options);
        try {
          const again = await retryRejects(this.#plan, writers.first, await this.#rejects.open(), signal);
          await this.#rejects.add(again.still);
          await this.#rejects.resolve(again.resolved);
          const result = await writers.answered((opened) => this.#compare(target, opened));
          if (result.state === 'loaded') await this.#queue.finish(lease);
          else await this.#queue.handOver(lease, lease.from, 0);
          return result;
        } finally {
          await writers.close();
        }
      } finally {
        await target.close();
      }
    });
  }

  async #compare(target: OpenTarget, collection: WholePoints) {
    const { leftOut } = await this.#queue.progress();
    const all = await this.#rejects.all();
    const missing = leftOut + all.length;
    const { place } = target;
    const finished = await finishLoad(this.#plan, collection, { place, missing }, this.#options.signal);
    return this.#result({ place, ...finished });
  }

  /** As it is in the queue; the rejects are written to the state folder of this worker. */
  async #result(
    finished: Pick<LoadResult & { state: 'loaded' }, 'place' | 'points' | 'readiness' | 'plans'> | undefined,
  ): Promise<LoadResult & { state: 'loaded' | 'incomplete' }> {
    const { leftOut } = await this.#queue.progress();
    const all = await this.#rejects.all();
    const rejects = all.filter(({ accepted }) => accepted === undefined);
    const path = join(this.#options.state, REJECTS);
    if (all.length === 0) rmSync(path, { force: true });
    else {
      makeFolder(this.#options.state);
      writeFileAtomic(path, rejectsParquet(all));
    }
    const points = this.#plan.source.manifest.counts.exported - leftOut - all.length;
    const known = {
      place: this.#plan.of.place,
      points,
      readiness: { count: points, indexed: null, details: {} },
      plans: [],
    };
    const state = rejects.length === 0 ? 'loaded' : 'incomplete';
    return { state, ...known, ...finished, leftOut, rejects, accepted: all.length - rejects.length };
  }

  /** Opens something for a lease, which is given back if that fails. */
  async #opened<T>(lease: Lease, open: () => Promise<T>): Promise<T> {
    try {
      return await open();
    } catch (error) {
      await this.#queue.handOver(lease, lease.from, 0).catch(() => undefined);
      throw error;
    }
  }

  /** Work of one piece, during which its lease is renewed. */
  async #renewed<T>(lease: Lease, work: () => Promise<T>): Promise<T> {
    // One that has ended goes to another worker, whose work is the same: what is done here changes nothing then.
    const timer = setInterval(
      () => void this.#queue.renew(lease).catch(() => undefined),
      (lease.seconds / 3) * 1000,
    );
    try {
      return await this.#opened(lease, work);
    } finally {
      clearInterval(timer);
    }
  }
}
