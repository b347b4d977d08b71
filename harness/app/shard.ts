import { createHash } from 'node:crypto';
import { InputError } from '../../common/errors.js';
import type { Manifest } from '../model/manifest.js';
import type { PlannedBuild } from '../model/plan.js';
import { whyNotShared } from '../model/shared-load.js';
import { workloadText } from '../model/workload.js';

/** `i/n`: which part of the builds a run measures, or of their loads it sends. */
export interface Shard {
  index: number;
  of: number;
}

type Part = { builds: PlannedBuild[]; record: NonNullable<Manifest['shard']> };

/** Throws InputError unless it is `i/n` with 1 <= i <= n. */
export function parseShard(text: string): Shard {
  const [, index, of] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(text.trim())?.map(Number) ?? [];
  if (index !== undefined && of !== undefined && index <= of) return { index, of };
  throw new InputError('must be i/n with i from 1 to n', {
    where: '--shard',
    got: text,
    next: 'for the second of four machines: --shard 2/4',
  });
}

/** Every n-th build, from the i-th on: the same split on every machine, and neighbours in a sweep cost alike. */
export function shardOf(builds: readonly PlannedBuild[], { index, of }: Shard): Part {
  const mine = builds.filter((_, i) => i % of === index - 1);
  if (mine.length === 0) {
    throw new InputError(`the plan has ${builds.length} builds, so shard ${index} of ${of} is empty`, {
      where: '--shard',
      got: `${index}/${of}`,
      next: `use at most ${builds.length} shards`,
    });
  }
  return { builds: mine, record: { index, of, builds: builds.map(({ id }) => id) } };
}

/** A date and time with its zone, as of ISO 8601. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d)$/;
/** Later than that is a slip of the pen. */
const MOST_DAYS = 7;
const DAY_MS = 86_400_000;

/**
 * The moment at which the shards of a load begin, in UTC. Throws InputError unless it is a time with its zone that is yet
 * to come.
 */
export function parseStart(text: string, now: Date): string {
  const where = '--start-at';
  const at = MOMENT.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isNaN(at)) {
    throw new InputError('must be a date and time with its zone', {
      where,
      got: text,
      next: `the same on all machines, for instance --start-at ${inMinutes(now, 5)}`,
    });
  }
  if (at <= now.getTime() || at > now.getTime() + MOST_DAYS * DAY_MS) {
    const past = at <= now.getTime();
    throw new InputError(past ? 'that time has passed' : `is more than ${MOST_DAYS} days away`, {
      where,
      got: `${text} (it is ${now.toISOString()} here)`,
      next: past
        ? 'choose a time by which the first shard has loaded and indexed the data, and compare the clocks of the machines'
        : 'choose a time that is nearer',
    });
  }
  return new Date(at).toISOString();
}

const inMinutes = (now: Date, minutes: number): string =>
  `${new Date(now.getTime() + minutes * 60_000).toISOString().slice(0, 19)}Z`;

/**
 * One build whose load several machines send together: the first of them makes the collection on the server, and all search
 * it from a common moment on.
 * @throws InputError where a load of the plan cannot be divided
 */
export function loadShareOf(
  builds: readonly PlannedBuild[],
  shard: Shard,
  { startAt, suite }: { startAt: string; suite: string },
): Part {
  const [build] = builds;
  const refuse = (what: string, next: string, got?: string) =>
    new InputError(what, { where: '--start-at', ...(got !== undefined && { got }), next });
  if (build === undefined || builds.length > 1)
    throw refuse(
      'shards send the load of one build at a time: when the next one is loaded, nobody can know beforehand',
      'choose it with --engine and --only, and run the others after it',
      builds.map(({ id }) => id).join(', '),
    );
  if (build.server?.mode !== 'url')
    throw refuse(
      `the machines need one server that all of them reach, and ${build.engine} ${build.server === undefined ? 'runs in the process that searches it' : 'would be started by each of them'}`,
      'name a running server in the suite: url',
    );
  for (const { id, workload } of build.trials) {
    const why = whyNotShared(workload, shard.of);
    if (why !== undefined)
      throw refuse(
        `the load of ${id} cannot be shared: ${why}`,
        'leave it out with --only, or use fewer shards',
        workloadText(workload),
      );
  }
  const nameEnd = createHash('sha256')
    .update(JSON.stringify([suite, startAt, shard.of, build.id]))
    .digest('hex')
    .slice(0, 12);
  return { builds: [build], record: { ...shard, builds: [build.id], load: { startAt, nameEnd } } };
}
