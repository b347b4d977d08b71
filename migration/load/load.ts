import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError, messageOf } from '../../common/errors.js';
import type { Readiness } from '../../engines/contract/collection.js';
import type { Surroundings } from '../connections/reach.js';
import { Pace } from '../export/pace.js';
import { lockFolder } from '../export/state.js';
import type { Loss } from '../mapping/mapping.js';
import { finishLoad, retryRejects } from './finish.js';
import { LocalLedger } from './local-ledger.js';
import { batchTarget, type LoadPlan, planLoad, undecided } from './plan.js';
import type { QueryPlan } from './query-plans.js';
import { verdictOf } from './refusal.js';
import { type Reject, Rejects } from './rejects.js';
import { findLoad, type LoadState, newLoad, saveLoad } from './state.js';
import {
  type Made,
  makeCollection,
  type OpenTarget,
  openMade,
  openTarget,
  type WholePoints,
} from './target.js';
import { BATCH, type Workshop, work } from './worker.js';
import { PATIENCE, type Patience, Writer } from './writer.js';

export interface LoadOptions extends Surroundings {
  /** Folder of an export. */
  source: string;
  mapping: string;
  /** Where the progress is kept, so that the same load goes on after a crash. */
  state: string;
  /** Most bytes and points of a batch. */
  batchBytes?: number | undefined;
  batchPoints?: number | undefined;
  /** Connections that write at the same time; undefined: as many as the target can take and this machine has use for. */
  workers?: number | undefined;
  /** Most points in a second, of all workers together. */
  rate?: number | undefined;
  /** Write the rejects again and nothing else. */
  rejectsOnly?: boolean | undefined;
  /** Why the rejects that there are may stay out. */
  acceptRejects?: string | undefined;
  patience?: Patience | undefined;
  onProgress?(done: number, total: number): void;
  onNotice?(message: string): void;
}

export type LoadResult =
  /** Nothing was written: somebody has to accept these losses, or to change the mapping. */
  | { state: 'undecided'; losses: readonly Loss[] }
  | {
      /** `incomplete`: points were rejected, on which nobody has decided; the same load tries them again. */
      state: 'loaded' | 'incomplete';
      place: string;
      points: number;
      /** Points that accepted losses leave out: without a vector that the target needs, or with one that is not finite. */
      leftOut: number;
      /** Those that nobody has decided on. */
      rejects: readonly Reject[];
      /** Rejects that somebody has accepted. */
      accepted: number;
      readiness: Readiness;
      /** How the target answers the filters of the application, where its engine tells. */
      plans: readonly QueryPlan[];
    };

/**
 * Loads an export into a new collection by an accepted mapping. Every batch is read back before a cursor moves behind
 * it; nothing is ever written to a collection that this load has not made.
 *
 * @throws InputError for a mapping of another export, or a target that cannot hold what it asks for
 * @throws FailureError if the target fails, has such a collection already, or does not give back what was written
 */
export async function loadExport(options: LoadOptions): Promise<LoadResult> {
  const release = lockFolder(options.state);
  try {
    return await load(options);
  } finally {
    release();
  }
}

async function load(options: LoadOptions): Promise<LoadResult> {
  const plan = await planLoad(options.source, options.mapping);
  const found = findLoad(options.state, plan.of);
  // Export and mapping are the same as when the collection was made: so are the losses, which were accepted then.
  if (found?.collection !== 'made') {
    const losses = await undecided(plan, options.signal);
    if (losses.length > 0) return { state: 'undecided', losses };
  }
  // Checked before anything is opened.
  void plan.spec;
  const target = await openTarget(plan.definition, plan.address, options, plan.tenants);
  const rejects = new Rejects(options.state);
  try {
    return await loadInto(target, plan, found, rejects, options);
  } finally {
    rejects.publish();
    await target.close();
  }
}

async function loadInto(
  target: OpenTarget,
  plan: LoadPlan,
  found: LoadState | undefined,
  rejects: Rejects,
  options: LoadOptions,
): Promise<LoadResult> {
  const { signal, onProgress, onNotice } = options;
  const { collection, state, made } = await collectionOf(target, plan, found, options);
  const { exported } = plan.source.manifest.counts;
  const ledger = new LocalLedger(options.state, state, rejects, exported);
  const shop: Workshop = {
    plan,
    ledger,
    limits: { bytes: options.batchBytes ?? BATCH.bytes, points: options.batchPoints },
    pace: new Pace(options.rate),
    signal,
    onSettled: () => onProgress?.(ledger.state.rows, exported),
  };
  const writers = new Writers(target, plan, { collection, made }, options);
  try {
    if (options.acceptRejects !== undefined) rejects.accept(options.acceptRejects);
    const again = await retryRejects(plan, writers.first, rejects.open(), signal);
    rejects.add(again.still);
    rejects.resolve(again.resolved);
    if (options.rejectsOnly !== true)
      await writers.run(workersOf(target, plan, options), (writer, _, stop) =>
        work({ ...shop, signal: stop }, writer),
      );
    else if (ledger.state.rows < exported)
      onNotice?.(`${exported - ledger.state.rows} rows are still to be loaded`);
    const left = rejects.open();
    const { leftOut, rows } = ledger.state;
    const all = rejects.all().length;
    const missing = exported - rows + leftOut + all;
    const about = { place: target.place, missing };
    const finished = await writers.answered((opened) => finishLoad(plan, opened, about, signal));
    const isLoaded = left.length === 0 && rows === exported;
    if (isLoaded) ledger.save({ state: 'loaded' });
    return {
      state: isLoaded ? 'loaded' : 'incomplete',
      place: target.place,
      leftOut,
      rejects: left,
      accepted: all - left.length,
      ...finished,
    };
  } finally {
    await writers.close();
  }
}

/** @throws InputError for more writers than the target takes */
export function workersOf(
  { isServer }: OpenTarget,
  { definition }: LoadPlan,
  { workers }: LoadOptions,
): number {
  const several = isServer && definition.capabilities.points!.writers === 'several';
  if (several) return workers ?? Math.min(4, availableParallelism());
  if (workers === undefined || workers === 1) return 1;
  throw new InputError(`${definition.title} takes one writer at a time here`, {
    where: '--workers',
    got: workers,
    next: 'leave --workers out',
  });
}

/** The first writer works on the load's own connection, the others on connections of their own. */
export class Writers {
  readonly first: Writer;
  /** On the first connection as it is now: it is made again where it broke. */
  collection: WholePoints;
  readonly #target: OpenTarget;
  readonly #plan: LoadPlan;
  readonly #made: Made;
  readonly #options: Pick<LoadOptions, 'patience' | 'onNotice' | 'signal'>;
  readonly #opened = new Set<{ close(): Promise<void> }>();

  constructor(
    target: OpenTarget,
    plan: LoadPlan,
    { collection, made }: { collection: WholePoints; made: Made },
    options: Pick<LoadOptions, 'patience' | 'onNotice' | 'signal'>,
  ) {
    this.#target = target;
    this.#plan = plan;
    this.#made = made;
    this.#options = options;
    this.collection = collection;
    this.first = this.#writer(collection, (opened) => {
      this.collection = opened;
    });
  }

  /** Runs so many workers to the end; the first error stops them all, behind the batches that they are at. */
  async run(
    count: number,
    worker: (writer: Writer, at: number, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, stop.signal]);
    const others = await Promise.all(Array.from({ length: count - 1 }, () => this.another()));
    const all = [this.first, ...others].map((writer, at) =>
      worker(writer, at, signal).catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    );
    const results = await Promise.allSettled(all);
    this.#options.signal.throwIfAborted();
    const failed = results.find(({ status }) => status === 'rejected');
    // The one that stopped the others: they are rejected with its error.
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  /** Work that may be begun again, on a new connection where the one before broke, as long as a target is waited for. */
  async answered<T>(work: (collection: WholePoints) => Promise<T>): Promise<T> {
    const { signal, onNotice, patience = PATIENCE } = this.#options;
    let since: number | undefined;
    for (let attempt = 0; ; attempt++) {
      // A target that is waited for may refuse connections for a while, in whatever words.
      let connecting = since !== undefined;
      try {
        if (connecting) this.collection = await this.#open();
        connecting = false;
        return await work(this.collection);
      } catch (error) {
        signal.throwIfAborted();
        const again = this.#target.isServer && (connecting || verdictOf(error) === 'unknown');
        if (!again || performance.now() - (since ?? Number.POSITIVE_INFINITY) > patience.outage * 1000)
          throw error;
        if (since === undefined)
          onNotice?.(`no answer from ${this.#target.place} (${messageOf(error)}); waits for it`);
        since ??= performance.now();
        await pause(Math.min(5000, 100 * 2 ** attempt), undefined, { signal });
      }
    }
  }

  /** A writer on a connection of its own. */
  async another(): Promise<Writer> {
    return this.#writer(await this.#open(), () => undefined);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#opened].map((each) => each.close()));
  }

  #writer(collection: WholePoints, opened: (collection: WholePoints) => void): Writer {
    const { patience, onNotice } = this.#options;
    const again = async () => {
      const made = await this.#open();
      opened(made);
      return batchTarget(this.#plan, made);
    };
    return new Writer(batchTarget(this.#plan, collection), {
      again: this.#target.isServer ? again : undefined,
      place: this.#target.place,
      patience,
      onNotice,
    });
  }

  async #open(): Promise<WholePoints> {
    const connected = await this.#target.connectAgain();
    this.#opened.add(connected);
    return openMade(connected, this.#plan.spec, this.#made, this.#plan.tenants);
  }
}

async function collectionOf(
  target: OpenTarget,
  plan: LoadPlan,
  found: LoadState | undefined,
  { state: folder, onNotice }: LoadOptions,
): Promise<{ collection: WholePoints; state: LoadState; made: Made }> {
  const state = found ?? newLoad(plan.of, `load ${randomUUID()}`);
  const made: Made = { place: plan.of.place, madeBy: state.madeBy, state: 'made' };
  const { connected } = target;
  if (state.collection === 'made')
    return { collection: await openMade(connected, plan.spec, made, plan.tenants), state, made };
  if (found === undefined) saveLoad(folder, state);
  const before: Made = { ...made, state: found === undefined ? 'new' : 'making' };
  const collection = await makeCollection(connected, plan.spec, before, {
    tenants: plan.tenants,
    onNotice,
  });
  const now: LoadState = { ...state, collection: 'made' };
  saveLoad(folder, now);
  return { collection, state: now, made };
}
