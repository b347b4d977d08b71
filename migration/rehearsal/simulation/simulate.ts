import { messageOf } from '../../../common/errors.js';
import type { PointId } from '../../../engines/contract/ids.js';
import type { Point } from '../../../engines/contract/points.js';
import type { Clock } from '../../cutover/clock.js';
import type { DualWriter } from '../../cutover/dual-writer.js';
import { synchronise, verifyTouched } from '../../cutover/protocol.js';
import type { Bug } from './bugs.js';
import { type Issued, type Violation, violations } from './history.js';
import type { Process } from './schedule.js';
import { COLLECTION, PRIMARY, type SideName, World } from './world.js';

const INSTANCES = ['first', 'second'];
const CLIENTS = 2;
const IDS = ['a', 'b', 'c'];
const MUTATIONS = 5;

export interface Outcome {
  seed: number;
  steps: number;
  crashes: number;
  acknowledged: number;
  violations: Violation[];
  /** Of each change that the target confirmed while it followed, in steps. */
  staleness: readonly number[];
  trace?: readonly string[] | undefined;
}

/**
 * One schedule of a whole move: an application of two instances, whose clients write and delete all the time; a migrator
 * that synchronises, lets the target take over and, in half of the schedules, goes back; crashes, failures and lost
 * answers anywhere. Then everything comes to rest and is checked. The same seed gives the same schedule.
 */
export async function simulate(seed: number, options: { bug?: Bug; trace?: boolean } = {}): Promise<Outcome> {
  const trace = options.trace === true ? [] : undefined;
  const move = new Move(new World({ seed, bug: options.bug, trace }));
  let found: Violation[];
  try {
    found = await move.run();
  } catch (error) {
    found = [{ what: 'stuck', words: messageOf(error) }];
  }
  const { world, crashes } = move;
  return {
    ...{ seed, steps: world.schedule.steps, crashes, violations: found, staleness: world.staleness, trace },
    acknowledged: world.issued.filter(({ acknowledged }) => acknowledged).length,
  };
}

class Move {
  readonly world: World;
  crashes = -INSTANCES.length - 1;
  /** Those that are up. */
  readonly #writers = new Map<string, DualWriter>();
  readonly #lives = new Map<string, Process>();
  /** Where clients are: it does not die. */
  readonly #outside: Process;
  /** What of the migrator's work is done, durably. */
  #stage = 0;
  #isProven = false;
  /** Mutations of which an attempt got no answer before capture was proven. */
  readonly #early = new Set<Issued>();
  #values = 0;
  #clients = CLIENTS;

  constructor(world: World) {
    this.world = world;
    this.#outside = world.schedule.process('clients', false);
  }

  async run(): Promise<Violation[]> {
    const { world } = this;
    for (const id of IDS) this.#was(id, world.schedule.chance(0.6));
    for (const name of INSTANCES) world.lives(name, (process) => this.#instance(process));
    world.lives('migrator', (process) => this.#migrator(process));
    for (let client = 0; client < CLIENTS; client++) void this.#client();
    await world.schedule.until(() => this.#clients === 0 && this.#stage === STAGES);
    world.schedule.calm = true;
    await this.#rest();
    return violations(world.issued, world.stores.source.served(), world.stores.target.served());
  }

  /** A row that is there from the beginning, or one that is not: by a mutation before all others. */
  #was(id: PointId, isThere: boolean): void {
    const value = isThere ? ++this.#values : null;
    this.world.issued.push({ id, value, begun: -1, ended: -1, acknowledged: true });
    if (value === null) return;
    const key = { collection: COLLECTION, id, idempotencyKey: '', at: 0 };
    this.world.stores.source.write({ kind: 'upsert', point: point(id, value), ...key });
  }

  #begin(process: Process): void {
    this.crashes++;
    this.#lives.set(process.name, process);
  }

  #instance(process: Process): void {
    this.#begin(process);
    this.#writers.delete(process.name);
    void this.world.writer(process).then((writer) => this.#writers.set(process.name, writer));
  }

  async #client(): Promise<void> {
    const { schedule } = this.world;
    for (let n = 0; n < MUTATIONS; n++) {
      const mutation = {
        id: schedule.oneOf(IDS),
        value: schedule.chance(0.35) ? null : ++this.#values,
        begun: schedule.steps,
        ended: Number.POSITIVE_INFINITY,
        acknowledged: false,
      };
      this.world.issued.push(mutation);
      const key = `m${this.world.issued.length}`;
      // What got no answer is sent again, or not.
      while (!(await this.#send(mutation, key)) && schedule.chance(0.6));
    }
    this.#clients--;
  }

  async #send(mutation: Issued, idempotencyKey: string): Promise<boolean> {
    const { schedule } = this.world;
    const name = schedule.oneOf(INSTANCES);
    const writer = this.#writers.get(name);
    if (writer === undefined) {
      // Its instance is starting: the client comes again.
      await this.world.clock(this.#outside).sleep(1);
      return this.#send(mutation, idempotencyKey);
    }
    const { id, value } = mutation;
    const sent =
      value === null
        ? writer.delete(COLLECTION, id, { idempotencyKey })
        : writer.upsert(COLLECTION, point(id, value), { idempotencyKey });
    try {
      await Promise.race([sent, this.#lives.get(name)!.died]);
      mutation.acknowledged = true;
    } catch {
      sent.catch(() => undefined);
    }
    if (!mutation.acknowledged && !this.#isProven) this.#early.add(mutation);
    else mutation.ended = schedule.steps;
    return mutation.acknowledged;
  }

  /**
   * Until every instance captures, a mutation that was logged and got no answer may still be released, also over one that
   * went past the log meanwhile, and also if it was sent again: docs/cutover.md says so. Then all of them are.
   */
  #proven(): void {
    if (this.#isProven) return;
    this.#isProven = true;
    for (const mutation of this.#early) mutation.ended = this.world.schedule.steps;
  }

  #migrator(process: Process): void {
    this.#begin(process);
    this.#migrate(process).catch(() => {
      // What failed is begun again, as a person or a supervisor would.
      if (!process.isDead) this.world.schedule.crash(process);
    });
  }

  async #migrate(process: Process): Promise<void> {
    const { world } = this;
    const [source, target] = (['source', 'target'] as const).map((side) => world.replayer(side, process));
    const follow = (replayer = target) => void replayer!.run(NEVER, () => undefined).catch(() => undefined);
    const log = world.changeLog(process);
    const early = world.bug === 'capture-after-snapshot' ? await world.openSnapshot(process) : undefined;
    if (this.#stage === 0) {
      await synchronise({
        ...{
          collection: COLLECTION,
          writers: INSTANCES.map((name) => this.#remote(name, world.clock(process))),
          log,
        },
        ...{ consumer: 'target', primary: source, replayer: target!, target: world.backfilled(process) },
        clock: world.clock(process),
        openSnapshot: async () => {
          this.#proven();
          // Some replay while they backfill, so that the target is not far behind at its end.
          if (world.schedule.chance(0.5)) follow();
          return early ?? world.openSnapshot(process);
        },
      });
      const touched = { source: world.store('source', process), target: world.store('target', process) };
      await verifyTouched({ ...touched, changes: log, from: 0n });
      this.#stage = 1;
    }
    if (world.bug !== 'no-reverse-path') follow(source);
    follow();
    if (this.#stage === 1) await this.#flip('target', process);
    const goesBack = world.schedule.chance(0.5) || world.bug === 'no-reverse-path';
    if (this.#stage === 2 && goesBack) await this.#flip('source', process);
    this.#stage = STAGES;
  }

  /** An instance as the migrator reaches it. */
  #remote(name: string, clock: Clock) {
    const captureOn = async (collection: string) => {
      const writer = await this.#up(name, clock);
      return Promise.race([writer.captureOn(collection), this.#lives.get(name)!.died]);
    };
    return { captureOn };
  }

  /** One that is starting is waited for. */
  async #up(name: string, clock: Clock): Promise<DualWriter> {
    for (;;) {
      const writer = this.#writers.get(name);
      if (writer !== undefined) return writer;
      await clock.sleep(1);
    }
  }

  /** All instances write to another store first; those that begin later, too. */
  async #flip(side: SideName, process: Process): Promise<void> {
    await this.world.flags(process).set(PRIMARY, side);
    for (const name of INSTANCES) {
      (await this.#up(name, this.world.clock(process))).use(this.world.outbox(side, this.#lives.get(name)!));
      await this.world.clock(process).sleep(1);
    }
    this.#stage++;
  }

  /** Both followers come to the end of the log. */
  async #rest(): Promise<void> {
    const { world } = this;
    for (const process of [...this.#lives.values()]) world.schedule.crash(process);
    const process = world.schedule.process('rest', false);
    let isDone = false;
    let failed: unknown;
    const sides: SideName[] = world.bug === 'no-reverse-path' ? ['target'] : ['source', 'target'];
    const drained = async () => {
      const to = await world.changeLog(process).watermark();
      for (const side of sides) await world.replayer(side, process).drain(to);
    };
    drained().then(
      () => (isDone = true),
      (error: unknown) => {
        failed = error;
        isDone = true;
      },
    );
    await world.schedule.until(() => isDone);
    if (failed !== undefined) throw failed;
  }
}

const STAGES = 3;
const NEVER = new AbortController().signal;

function point(id: PointId, value: number): Point {
  return { id, vectors: {}, metadata: { value } };
}
