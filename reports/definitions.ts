import { FILTER_DEFINITIONS, RELEVANCE_DEFINITIONS } from './definitions-filters.js';
import { PARITY_DEFINITIONS } from './definitions-parity.js';
import { formatCount, formatMiB, formatNumber, formatShare } from './format.js';

export type Unit = 'share' | 'ratio' | 'ms' | 'queries/s' | 'points/s' | 's' | 'bytes' | 'count';

/** What a measure is: the one place from which tables, charts, files and docs take their words. */
export interface MeasureDefinition {
  /** Name in results, gates, CSV and charts; `@k` stands for any depth. */
  name: string;
  /** In words, for texts. */
  title: string;
  /** Head of a column in one or two lines; the unit stands beside the second. */
  head: readonly [string, string];
  unit: Unit;
  better: 'higher' | 'lower' | 'neither';
  /** Formula or procedure in one or two sentences. */
  definition: string;
  /** Why a completed trial may lack it. */
  absent: string;
}

const LATENCY =
  'Mean and quantiles (linear between order statistics, Hyndman & Fan type 7) over all answered queries of all measured passes, of the time of one call of the engine’s client library: prepared vector in, ids and scores out. A quantile is given only where about one sample or more lies beyond it.';

function latency(quantile: string, minimum: number): MeasureDefinition {
  return {
    name: `latency.${quantile}`,
    title: quantile,
    head: [quantile, ''],
    unit: 'ms',
    better: 'lower',
    definition: LATENCY,
    absent: minimum > 1 ? `needs at least ${formatCount(minimum)} answered queries` : 'no query was answered',
  };
}

export const DEFINITIONS: readonly MeasureDefinition[] = [
  {
    name: 'recall.ties@k',
    title: 'Recall@k',
    head: ['Recall@k', 'tie-aware'],
    unit: 'share',
    better: 'higher',
    definition:
      'Mean over queries of |{r ∈ R : d(q, r) ≤ dₖ}| / min(k, |G|), with R the first k hits (each id counted once), G the exact neighbours and dₖ the k-th exact distance plus a tie margin of 10⁻⁶. Any of several points at the same distance counts as found; a point that fails the query’s filter does not. Distances are recomputed by the harness in float64; a failed query counts as an empty answer.',
    absent: 'no query with known neighbours was answered',
  },
  {
    name: 'recall@k',
    title: 'Recall@k by id',
    head: ['Recall@k', 'by id'],
    unit: 'share',
    better: 'higher',
    definition:
      'Mean over queries of |R ∩ G| / min(k, |G|), ids compared with ids. Where several points lie at exactly the same distance, an equally near point counts as a miss here; compare engines by the tie-aware figure.',
    absent: 'no query with known neighbours was answered',
  },
  {
    name: 'distance.error',
    title: 'Distance error',
    head: ['Distance', 'error'],
    unit: 'ratio',
    better: 'lower',
    definition:
      'Mean over queries of (Σ dᵢ − Σ gᵢ) / Σ |gᵢ|, with dᵢ the recomputed distances of the distinct hits returned and gᵢ those of as many exact neighbours: how much farther away the answers are, where recall only counts them.',
    absent: 'undefined where nothing was returned or the exact distances are all zero',
  },
  ...RELEVANCE_DEFINITIONS,
  ...PARITY_DEFINITIONS,
  {
    name: 'throughput',
    title: 'Throughput',
    head: ['Throughput', ''],
    unit: 'queries/s',
    better: 'higher',
    definition:
      'Answered queries divided by the wall-clock time of the closed loop, over all measured passes together: one client that sends the next query when the previous one was answered. Failed queries take time but do not count.',
    absent: 'no query was answered',
  },
  latency('mean', 1),
  latency('p50', 2),
  latency('p90', 10),
  latency('p95', 20),
  latency('p99', 100),
  latency('p99.9', 1000),
  {
    name: 'errors',
    title: 'Failed queries',
    head: ['Failed', 'queries'],
    unit: 'count',
    better: 'lower',
    definition:
      'Measured queries that the engine answered with an error. They are never retried or left out.',
    absent: 'the search phase did not run',
  },
  {
    name: 'returned.short',
    title: 'Short answers',
    head: ['Short', 'answers'],
    unit: 'count',
    better: 'lower',
    definition: 'Answered queries that returned fewer hits than asked for although the dataset has as many.',
    absent: 'no query with known neighbours was answered',
  },
  ...FILTER_DEFINITIONS,
  {
    name: 'engine.share',
    title: 'Share inside the engine',
    head: ['In engine', 'of wall time'],
    unit: 'share',
    better: 'neither',
    definition:
      'Part of the wall-clock time of the measured passes that was spent inside engine calls; the rest is the harness recording answers.',
    absent: 'the search phase did not finish',
  },
  {
    name: 'machine.foreign',
    title: 'CPU used by others',
    head: ['Others’ CPU', 'cores'],
    unit: 'ratio',
    better: 'neither',
    definition:
      'CPU time that the machine spent meanwhile on anything but the build’s process (time stolen by other virtual machines included), divided by the wall-clock time of the measured passes. Above 0.25 the trial has the flag busy-machine.',
    absent: 'the system does not tell, or the passes were too short (under 0.1 s) for its clock',
  },
  {
    name: 'load.seconds',
    title: 'Load time',
    head: ['Load', ''],
    unit: 's',
    better: 'lower',
    definition: 'Time inside the engine’s load calls; reading the dataset is not counted.',
    absent: 'the load phase did not finish',
  },
  {
    name: 'load.pointsPerSecond',
    title: 'Load rate',
    head: ['Load rate', ''],
    unit: 'points/s',
    better: 'higher',
    definition: 'Points divided by load.seconds.',
    absent: 'the load phase did not finish',
  },
  {
    name: 'index.seconds',
    title: 'Index time',
    head: ['Index', ''],
    unit: 's',
    better: 'lower',
    definition: 'After the last load call, until the engine says that every point is searchable and indexed.',
    absent: 'the index phase did not finish',
  },
  {
    name: 'build.seconds',
    title: 'Build time',
    head: ['Build', ''],
    unit: 's',
    better: 'lower',
    definition:
      'load.seconds + index.seconds: from the first point to a finished index. One observation per build.',
    absent: 'the build did not finish',
  },
  {
    name: 'memory.peak',
    title: 'Peak memory',
    head: ['Memory', 'peak'],
    unit: 'bytes',
    better: 'lower',
    definition:
      'What the engine needs at most over all phases of the build. For an engine inside the build’s process: that process’s largest resident memory, the runtime and the harness included (see memory.baseline). For a server: the largest working set of its container (anonymous and shared memory, without page cache), sampled 20 times a second; the process that asks is client.memory.peak. One observation per build.',
    absent: 'the operating system did not tell',
  },
  {
    name: 'memory.baseline',
    title: 'Baseline memory',
    head: ['Memory', 'at start'],
    unit: 'bytes',
    better: 'neither',
    definition: 'Resident memory of the same process before the engine was connected.',
    absent: 'the engine is a server, or the operating system did not tell',
  },
  {
    name: 'client.memory.peak',
    title: 'Peak memory of the client',
    head: ['Memory', 'client'],
    unit: 'bytes',
    better: 'lower',
    definition:
      'Largest resident memory of the build’s own process where the engine is a server: the runtime, the harness and the client library.',
    absent: 'the engine runs inside the process, where memory.peak covers it',
  },
  {
    name: 'server.memory.peak',
    title: 'Server memory while searching',
    head: ['Server', 'memory'],
    unit: 'bytes',
    better: 'lower',
    definition:
      'Largest working set of the server’s container (anonymous and shared memory, without page cache) while this setting was searched, warm-up included; sampled 20 times a second from its control group.',
    absent: 'the engine is no server of this machine’s Docker',
  },
  {
    name: 'server.cpu.seconds',
    title: 'Server CPU while searching',
    head: ['Server', 'CPU'],
    unit: 's',
    better: 'lower',
    definition:
      'Processor time of all processes in the server’s container while this setting was searched, warm-up included, over all passes.',
    absent: 'the engine is no server of this machine’s Docker',
  },
  {
    name: 'server.disk',
    title: 'Server disk',
    head: ['Server', 'disk'],
    unit: 'bytes',
    better: 'lower',
    definition:
      'Size on disk of the server’s data folder once the index was finished: its logs of changes and what it keeps beside the collection included. One observation per build.',
    absent: 'the engine is no server of this machine’s Docker',
  },
  {
    name: 'server.start.seconds',
    title: 'Server start',
    head: ['Server', 'start'],
    unit: 's',
    better: 'neither',
    definition:
      'From the order to start the server’s container until it answered. One observation per build.',
    absent: 'the engine is no server of this machine’s Docker',
  },
  {
    name: 'index.size',
    title: 'Index size',
    head: ['Index size', ''],
    unit: 'bytes',
    better: 'lower',
    definition:
      'Bytes on disk of the index as the engine would ship it, vectors included where it stores them there. One observation per build.',
    absent: 'the engine keeps nothing on disk or could not tell',
  },
];

const byName = new Map(DEFINITIONS.map((definition) => [definition.name, definition]));

/** The definition of a measure's name, `recall@10` found as `recall@k`; undefined for a name without one. */
export function definitionOf(name: string): MeasureDefinition | undefined {
  const exact = byName.get(name);
  if (exact !== undefined) return exact;
  const [, stem, depth] = /^(.*)@(\d+)$/.exec(name) ?? [];
  const pattern = stem === undefined ? undefined : byName.get(`${stem}@k`);
  return pattern === undefined || depth === undefined
    ? undefined
    : {
        ...pattern,
        name,
        title: pattern.title.replace('@k', `@${depth}`),
        head: [pattern.head[0].replace('@k', `@${depth}`), pattern.head[1]],
      };
}

/** A value in the unit that tables print: bytes as MiB, shares with enough decimals near 1. */
export function formatMeasure(
  value: number,
  unit: Unit,
  rounding: 'nearest' | 'down' | 'up' = 'nearest',
): string {
  if (unit === 'share') return formatShare(value, rounding);
  if (unit === 'bytes') return formatMiB(value);
  if (unit === 'count') return formatCount(value);
  return formatNumber(value);
}

/** Unit as printed in the head of a column. */
export function unitLabel(unit: Unit): string {
  if (unit === 'bytes') return 'MiB';
  return unit === 'share' || unit === 'ratio' || unit === 'count' ? '' : unit;
}
