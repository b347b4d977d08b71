import type { PointId } from '../../../engines/contract/ids.js';
import type { Point } from '../../../engines/contract/points.js';
import { keyText, type NewChange } from '../../changes/change.js';
import type { ChangeLog } from '../../changes/log.js';
import type { ChangeTarget, Write } from '../../changes/target.js';
import type { Clock } from '../../cutover/clock.js';
import { DualWriter } from '../../cutover/dual-writer.js';
import type { Flags } from '../../cutover/flags.js';
import { LogFirstOutbox } from '../../cutover/outbox.js';
import { Replayer } from '../../cutover/replayer.js';
import type { Telemetry } from '../../cutover/telemetry.js';
import { acknowledgingReads, type Bug, withoutCondition, withoutTombstones } from './bugs.js';
import type { Issued } from './history.js';
import { type Process, Schedule } from './schedule.js';
import { LogState, SimLog } from './sim-log.js';
import { engineStore, OwnStore, StoreState } from './sim-store.js';

export const COLLECTION = 'docs';
/** Name of the switch that says which store gets mutations first. */
export const PRIMARY = 'primary';
export type SideName = 'source' | 'target';

export interface WorldOptions {
  seed: number;
  bug?: Bug | undefined;
  /** What happened, a line each. */
  trace?: string[] | undefined;
}

/** What is durable, and how the processes of the simulation reach it through the library's own code. */
export class World {
  readonly schedule: Schedule;
  readonly log = new LogState();
  readonly stores: Record<SideName, StoreState>;
  readonly issued: Issued[] = [];
  /** Ages of changes when the follower confirmed them, in steps. */
  readonly staleness: number[] = [];
  readonly bug: Bug | undefined;
  readonly #flags = new Map<string, string>();
  readonly #born = new Map<string, (process: Process) => void>();

  constructor({ seed, bug, trace }: WorldOptions) {
    const odds = { late: 0.3, failure: 0.02, crash: 0.004 };
    this.schedule = new Schedule(seed, odds, (process) => this.#bury(process), undefined, trace);
    this.bug = bug;
    const kind = this.schedule.chance(0.5) ? 'engine' : 'own';
    this.stores = { source: new StoreState('own'), target: new StoreState(kind) };
  }

  /** A process that begins anew, under the same name, whenever it dies. */
  lives(name: string, begin: (process: Process) => void): void {
    this.#born.set(name, begin);
    begin(this.schedule.process(name));
  }

  /** What it had open in databases ends with its connections. */
  #bury(process: Process): void {
    this.log.rollBack(process);
    for (const store of Object.values(this.stores)) store.release(process);
    this.#born.get(process.name)?.(this.schedule.process(process.name));
  }

  clock(process: Process): Clock {
    return {
      now: () => this.schedule.steps,
      elapsed: () => this.schedule.steps,
      sleep: () => this.schedule.call(process, 'sleeps', () => undefined, { idle: true, mayFail: false }),
    };
  }

  flags(process: Process): Flags {
    const options = { mayFail: false };
    return {
      get: (name) =>
        this.schedule.call(process, `asks ${name}`, () => this.#flags.get(name) ?? null, options),
      set: (name, value) =>
        this.schedule.call(
          process,
          `sets ${name} to ${value}`,
          () => void this.#flags.set(name, value),
          options,
        ),
    };
  }

  changeLog(process: Process): ChangeLog {
    return new SimLog(this.log, this.schedule, process, {
      acknowledgesEarly: this.bug === 'release-before-durable',
      readsPastOpen: this.bug === 'reads-past-open-transactions',
      hasNoFloor: this.bug === 'no-floor',
    });
  }

  store(side: SideName, process: Process): ChangeTarget {
    const state = this.stores[side];
    const make = state.kind === 'own' ? own : engineStore;
    const store = make(state, this.schedule, process, side);
    if (side === 'target' && this.bug === 'delete-without-tombstone')
      return withoutTombstones(store, (write) => this.#forget(write));
    return store;
  }

  /** The target as the backfill writes to it. */
  backfilled(process: Process): ChangeTarget {
    const target = this.store('target', process);
    if (this.bug !== 'unconditional-backfill') return target;
    return withoutCondition(target, (write) => this.#forget(write));
  }

  #forget(write: Write): void {
    const { rows, versions, points } = this.stores.target;
    const key = keyText(write);
    rows.delete(key);
    versions.delete(key);
    points.delete(write.id);
  }

  async writer(process: Process): Promise<DualWriter> {
    const flags = this.flags(process);
    const primary = (await flags.get(PRIMARY)) === 'target' ? 'target' : 'source';
    const source = this.stores.source;
    const direct = (change: NewChange) =>
      this.schedule.call(process, `writes ${change.id} directly`, () => source.write(change));
    return DualWriter.open({
      ...{ outbox: this.outbox(primary, process), flags, direct },
      ...{ instance: process.name, clock: this.clock(process), telemetry: SILENT },
    });
  }

  outbox(side: SideName, process: Process): LogFirstOutbox {
    return new LogFirstOutbox({
      log: this.changeLog(process),
      primary: this.store(side, process),
      consumer: side,
    });
  }

  replayer(side: SideName, process: Process): Replayer {
    const log = this.changeLog(process);
    const store = this.store(side, process);
    const hasCursorBug = side === 'target' && this.bug === 'cursor-before-acknowledgement';
    const ignoresVersions = side === 'target' && this.bug === 'replay-without-versions';
    return new Replayer({
      source: hasCursorBug ? acknowledgingReads(log, side) : log,
      cursors: log,
      consumer: side,
      target: ignoresVersions ? withoutCondition(store, (write) => this.#forget(write)) : store,
      batch: 1 + this.schedule.random.below(4),
      clock: this.clock(process),
      telemetry: { ...SILENT, record: (name, value) => this.#record(name, side, value) },
    });
  }

  #record(name: string, side: SideName, value: number): void {
    if (name === 'staleness' && side === 'target' && !this.schedule.calm) this.staleness.push(value);
  }

  /** The source as a scan finds it: at one moment, or page by page while it changes. */
  async openSnapshot(process: Process) {
    const size = 1 + this.schedule.random.below(3);
    const take = () => [...this.stores.source.served().values()];
    const atOnce = this.schedule.chance(0.5)
      ? await this.schedule.call(process, 'opens a snapshot', take)
      : undefined;
    return {
      pages: pagesOf(this.schedule, process, () => atOnce ?? take(), size),
      close: async () => undefined,
    };
  }
}

const SILENT: Telemetry = { count: () => undefined, record: () => undefined, gauge: () => undefined };

function own(state: StoreState, schedule: Schedule, process: Process, place: string): ChangeTarget {
  return new OwnStore(state, schedule, process, place);
}

/** By id, behind the last one: rows that come and go meanwhile are found or not. */
async function* pagesOf(schedule: Schedule, process: Process, rows: () => Point[], size: number) {
  let last: PointId | undefined;
  for (;;) {
    const points = await schedule.call(process, 'reads a page', () =>
      rows()
        .filter(({ id }) => last === undefined || id > last)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, size),
    );
    last = points.at(-1)?.id;
    if (last === undefined) return;
    yield { points, cursor: String(last) };
  }
}
