import { InputError } from '../../common/errors.js';
import { Random } from '../measures/random.js';
import { askedOf } from '../model/depths.js';
import type { LoadFacts, LoggedEvent, SharedPasses } from '../model/events.js';
import type { Manifest } from '../model/manifest.js';
import type { PlannedTrial } from '../model/plan.js';
import type { Samples, Times } from '../model/samples.js';
import { readEvents } from './event-log.js';
import { type RunFolder, samplesFile } from './run-folder.js';
import { joinSamples, pickSamples, readSamples, writeSamples } from './samples.js';
import { readTimes, timesFiles, writeTimes } from './times.js';

/** One machine's run of a load that several sent together. */
export interface LoadShard {
  folder: RunFolder;
  manifest: Manifest;
}

type TrialEnd = Extract<LoggedEvent, { type: 'trialEnd' }>;

/** Of the time in which any machine sent, below which the load was not what it should have been. */
const TOGETHER = 0.95;
/** Clocks that were not compared are believed to be as far apart as that (ms). */
const UNKNOWN = Number.NaN;

/** One shard's recording of one trial, and by pass what turns its times into those of all. */
interface Source {
  path: string;
  shift: ReadonlyMap<number, number>;
}

/**
 * The samples of all machines as one recording of each trial, and the log as if one had sent them: raw times are joined, and
 * every figure is derived from them anew. Times are put on one line by the moments at which the passes began, by the
 * server's clock where the machines have read it and else by their own.
 * @returns the log's events between its begin and its end
 * @throws InputError where a shard was not measured together with the others
 */
export async function mergeLoads(
  shards: readonly LoadShard[],
  merged: RunFolder,
  now: Date,
): Promise<{ events: LoggedEvent[]; warnings: string[] }> {
  const logs = shards.map(({ folder }) => readEvents(folder));
  requireReady(shards, logs);
  const ends = logs.map(endsOf);
  const warnings: string[] = [];
  const joined = new Map<string, TrialEnd>();
  for (const trial of shards[0]!.manifest.plan.flatMap(({ trials }) => trials)) {
    const own = ends.map((each) => each.get(trial.id));
    const failed = own.findIndex((end) => end?.state !== 'completed');
    if (failed !== -1) {
      joined.set(trial.id, failureOf(own[failed], trial, failed + 1, logs[0]!, now));
      continue;
    }
    const line = timeLine(own as TrialEnd[]);
    const sources = shards.map(({ folder }, i) => ({
      path: samplesFile(folder, trial.id),
      shift: line.shifts[i]!,
    }));
    const path = samplesFile(merged, trial.id);
    await joinSources(sources, path, askedOf(trial, shards[0]!.manifest.ks), shards[0]!.manifest.seed);
    const apart = line.together < TOGETHER;
    if (apart) warnings.push(apartWarning(trial.id, line.together));
    warnings.push(lineWarning(trial.id, line));
    joined.set(trial.id, joinedEnd(own as TrialEnd[], apart));
  }
  return { events: eventsOf(logs[0]!, joined), warnings };
}

const endsOf = (log: readonly LoggedEvent[]): ReadonlyMap<string, TrialEnd> =>
  new Map(log.flatMap((event) => (event.type === 'trialEnd' ? [[event.trial, event]] : [])));

/** What searched a collection that was not finished has measured something else. */
function requireReady(shards: readonly LoadShard[], logs: readonly (readonly LoggedEvent[])[]): void {
  const indexed = logs[0]!.find((event) => event.type === 'phase' && event.phase === 'index');
  if (indexed === undefined) return;
  for (const [i, log] of logs.entries()) {
    const first = Math.min(
      ...log.flatMap((event) =>
        event.type === 'trialEnd' ? (event.shared?.passes ?? []).map(({ begin }) => begin) : [],
      ),
    );
    if (first >= Date.parse(indexed.time)) continue;
    throw new InputError(
      `shard ${i + 1} began to search at ${new Date(first).toISOString()}, before shard 1 had indexed the data (${indexed.time})`,
      {
        where: shards[i]!.folder.path,
        next: 'compare the clocks of the machines, and measure again with a later --start-at',
      },
    );
  }
}

/** How the passes of several machines lay in time. */
interface TimeLine {
  /** By shard and pass, ms that are added to its times. */
  shifts: ReadonlyMap<number, number>[];
  /** Most ms between the begins of a pass. */
  spread: number;
  /** How far that may be off (ms), as the clocks were compared over the server; NaN: they were not. */
  within: number;
  /** Least share of a pass in which all of them sent. */
  together: number;
}

function timeLine(ends: readonly TrialEnd[]): TimeLine {
  const shared = ends.map(({ shared: each, trial }) => {
    if (each !== undefined) return each;
    throw new InputError(`the log of a shard does not say when ${trial} began`, {
      where: 'merge',
      next: 'measure all shards again',
    });
  });
  const compared = shared.every(({ clock }) => clock !== undefined);
  const ahead = ({ clock }: SharedPasses) => (compared ? clock!.ahead : 0);
  const shifts = shared.map(() => new Map<number, number>());
  let [spread, together] = [0, 1];
  for (const { pass, at } of shared[0]!.passes) {
    const begins = shared.map((each) => {
      const own = each.passes.find((other) => other.pass === pass);
      if (own === undefined)
        throw new InputError(`pass ${pass + 1} of ${ends[0]!.trial} was not sent by all shards`, {
          where: 'merge',
          next: 'measure all shards again',
        });
      return { wall: own.begin + ahead(each), at: own.at };
    });
    const first = Math.min(...begins.map(({ wall }) => wall));
    const last = Math.max(...begins.map(({ wall }) => wall));
    for (const [i, { wall, at: own }] of begins.entries()) shifts[i]!.set(pass, at + (wall - first) - own);
    spread = Math.max(spread, last - first);
    const seconds = (ends[0]!.wallSeconds ?? 0) / shared[0]!.passes.length;
    const whole = 1000 * seconds;
    together = Math.min(together, whole <= 0 ? 1 : Math.max(0, whole - (last - first)) / whole);
  }
  const within = compared
    ? shared.reduce((most, { clock }) => Math.max(most, clock!.within), 0) * 2
    : UNKNOWN;
  return { shifts, spread, within, together };
}

function lineWarning(trial: string, { spread, within }: TimeLine): string {
  const by = Number.isNaN(within)
    ? 'by their own clocks, which nobody has compared: how far those are apart is not known'
    : `by the server's clock, within ${within.toFixed(1)} ms`;
  return `the passes of ${trial} began within ${Math.round(spread)} ms of each other on all machines, ${by}`;
}

const apartWarning = (trial: string, together: number): string =>
  `only in ${(100 * together).toFixed(0)}% of the time all machines sent the load of ${trial}: in the rest it was smaller than it says`;

/** The samples of a trial; where one machine has times beside them, of all. */
async function joinSources(
  sources: readonly Source[],
  to: string,
  asked: number,
  seed: number,
): Promise<void> {
  const samples = await Promise.all(
    sources.map(async ({ path, shift }) => shifted(await readSamples(path, asked), shift)),
  );
  const files = sources.map(({ path }) => timesFiles(path));
  if (files.every((each) => each.length === 0)) {
    writeSamples(to, inOrder(joinSamples(samples)));
    return;
  }
  const blocks = sources.map((source, i) => blocksOf(files[i]!, samples[i]!, source.shift));
  const counts = await Promise.all(files.map(countOf));
  await writeTimes(to, inTurn(blocks));
  const shares = samples.map(({ length }, i) => (counts[i] === 0 ? 1 : length / counts[i]!));
  const least = Math.min(...shares);
  const random = new Random(seed);
  const thinned = samples.map((each, i) => thin(each, least / shares[i]!, random));
  writeSamples(to, inOrder(joinSamples(thinned)));
}

async function countOf(files: readonly string[]): Promise<number> {
  let count = 0;
  for await (const { length } of readTimes(files)) count += length;
  return count;
}

async function* blocksOf(
  files: readonly string[],
  samples: Times,
  shift: Source['shift'],
): AsyncGenerator<Times> {
  if (files.length === 0) yield* byPass(samples);
  else for await (const block of readTimes(files)) yield* byPass(shifted(block, shift));
}

function* byPass(times: Times): Generator<Times> {
  const { repetition, length } = times;
  for (let from = 0; from < length; ) {
    let to = from + 1;
    while (to < length && repetition[to] === repetition[from]) to++;
    yield slice(times, from, to);
    from = to;
  }
}

const slice = (times: Times, from: number, to: number): Times => ({
  length: to - from,
  query: times.query.subarray(from, to),
  repetition: times.repetition.subarray(from, to),
  due: times.due.subarray(from, to),
  sent: times.sent.subarray(from, to),
  answered: times.answered.subarray(from, to),
  returned: times.returned.subarray(from, to),
  error: times.error.slice(from, to),
});

/** Blocks of several machines in the order of passes, and within one in about the order in which their queries ended. */
async function* inTurn(all: readonly AsyncGenerator<Times>[]): AsyncGenerator<Times> {
  const open = await Promise.all(all.map(async (blocks) => ({ blocks, next: await blocks.next() })));
  for (;;) {
    const waiting = open.filter(({ next }) => next.done !== true);
    if (waiting.length === 0) return;
    const first = waiting.reduce((best, each) =>
      isBefore(each.next.value!, best.next.value!) ? each : best,
    );
    yield first.next.value as Times;
    first.next = await first.blocks.next();
  }
}

function isBefore(a: Times, b: Times): boolean {
  const pass = a.repetition[0]! - b.repetition[0]!;
  return pass < 0 || (pass === 0 && a.answered[0]! < b.answered[0]!);
}

function thin(samples: Samples, share: number, random: Random): Samples {
  if (share >= 1) return samples;
  const entries = Array.from(samples.query.keys()).filter(() => random.uint32() < share * 2 ** 32);
  return pickSamples(samples, entries);
}

function inOrder(samples: Samples): Samples {
  const { repetition, answered } = samples;
  const entries = Array.from(samples.query.keys()).sort(
    (a, b) => repetition[a]! - repetition[b]! || answered[a]! - answered[b]!,
  );
  return pickSamples(samples, entries);
}

function shifted<T extends Times>(times: T, shift: Source['shift']): T {
  const moved = (values: Float64Array) =>
    values.map((value, i) => value + (shift.get(times.repetition[i]!) ?? 0));
  return { ...times, due: moved(times.due), sent: moved(times.sent), answered: moved(times.answered) };
}

/** The facts of the machines as those of one: what is worst of any, and what they did together. */
function joinedEnd(ends: readonly TrialEnd[], apart: boolean): TrialEnd {
  const [first] = ends as [TrialEnd, ...TrialEnd[]];
  const { shared: _, load, flags, clientThreads, ...rest } = first;
  const most = (of: (end: TrialEnd) => number | undefined): number | undefined => {
    const known = ends.flatMap((end) => of(end) ?? []);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  const all = {
    wallSeconds: most((end) => end.wallSeconds),
    foreignCores: most((end) => end.foreignCores),
    clientCores: most((end) => end.clientCores),
  };
  const facts = joinedFacts(ends.flatMap((end) => end.load ?? []));
  return {
    ...rest,
    flags: [...new Set([...ends.flatMap((end) => end.flags), ...(apart ? ['machines-apart'] : [])])],
    ...Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
    ...(facts && { load: facts }),
    clientThreads: ends.reduce((sum, end) => sum + (end.clientThreads ?? 1), 0),
  };
}

/** The highest floor of any machine, of what all of them together could have sent. */
function joinedFacts(all: readonly LoadFacts[]): LoadFacts | undefined {
  if (all.length === 0) return undefined;
  const floors = all.flatMap(({ floor }) => floor ?? []);
  const most = (values: readonly number[]) => Math.max(...values);
  return {
    timer: { late: most(all.map(({ timer }) => timer.late)), step: most(all.map(({ timer }) => timer.step)) },
    ...(floors.length === all.length && {
      floor: {
        over: floors[0]!.over,
        p50: most(floors.map(({ p50 }) => p50)),
        p99: most(floors.map(({ p99 }) => p99)),
        perSecond: floors.reduce((sum, { perSecond }) => sum + perSecond, 0),
        n: floors.reduce((sum, { n }) => sum + n, 0),
      },
    }),
  };
}

/** A load of which a part was not sent is another load. */
function failureOf(
  end: TrialEnd | undefined,
  trial: PlannedTrial,
  shard: number,
  log: readonly LoggedEvent[],
  now: Date,
): TrialEnd {
  const why = end?.error ?? end?.reason ?? 'it did not end';
  const build = log.flatMap((event) => (event.type === 'buildBegin' ? [event.build] : []))[0]!;
  return {
    type: 'trialEnd',
    time: end?.time ?? now.toISOString(),
    build: end?.build ?? build,
    trial: trial.id,
    state: 'failed',
    error: `shard ${shard} did not send its part: ${why}`,
    flags: [],
  };
}

/** The first machine's log, whose build it was, with what the trials came to on all of them. */
function eventsOf(log: readonly LoggedEvent[], joined: ReadonlyMap<string, TrialEnd>): LoggedEvent[] {
  const told = new Set<string>();
  const events = log.flatMap((event): LoggedEvent[] => {
    if (event.type === 'runBegin' || event.type === 'runEnd') return [];
    if (event.type !== 'trialEnd') return [event];
    told.add(event.trial);
    return [joined.get(event.trial)!];
  });
  const rest = [...joined].filter(([id]) => !told.has(id)).map(([, end]) => end);
  const last = events.findLastIndex(({ type }) => type === 'buildEnd');
  return last === -1 ? [...events, ...rest] : [...events.slice(0, last), ...rest, ...events.slice(last)];
}
