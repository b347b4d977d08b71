import type { ParameterSet } from '../../common/parameters.js';
import type { Capabilities } from '../../engines/contract/capabilities.js';

/** What the index has to do, as far as it is known. */
export interface IndexNeeds {
  points: number;
  dimensions: number;
  /** Hits of a query. */
  k: number;
  /** Shares of the points that the filters of queries let through; empty: no query has one, or it is not known. */
  selectivities: readonly number[];
  /** Share of the points that is written anew on a day. */
  updatesPerDay: number;
  /** Most memory of the index with its vectors; undefined: no limit. */
  memoryBytes: number | undefined;
  /** Longest time of a search; undefined: not stated. */
  latencyMs: number | undefined;
}

export interface IndexProposal {
  index: ParameterSet;
  /** To begin tuning with. */
  search: ParameterSet;
  reason: string[];
}

/** Bytes of float32 vectors that one core compares in a millisecond: 2 GB/s, low for today's memory, so that a scan is not promised where it may be slow. */
const SCANNED_PER_MS = 2_000_000;
/** Too few points to train an index on. */
const FEW = 2000;
/** Below such a share hardly any neighbour in a graph passes. */
const RESTRICTIVE = 0.01;

/**
 * An index to begin with; pure. Rules, and where they come from:
 *
 * - a scan while it is fast enough: N * d * 4 bytes at 2 GB/s a core;
 * - HNSW's m 16, 32 from 768 dimensions on (hnswlib's ALGO_PARAMS: 12 to 48 for most data, more for high dimensions and
 *   high recall), efConstruction 8 m and at least 2 k (at least 2 m by pgvector's README), ef 2 k and at least 64;
 * - memory of a graph: N * (4 d + 8 m) * 1.1 bytes (hnswlib, ALGO_PARAMS); eight-bit codes take a quarter of the vectors;
 * - where much is written each day a graph and no clusters: centroids of IVF stay where they were trained.
 */
export function proposeIndex(needs: IndexNeeds, target: Capabilities): IndexProposal {
  const { points, dimensions, latencyMs } = needs;
  const types = target.indexTypes;
  const scanMs = (points * dimensions * 4) / SCANNED_PER_MS;
  const scan = `a scan of ${points} x ${dimensions} numbers takes about ${scanMs < 1 ? 'less than 1' : scanMs.toFixed(0)} ms on one core at 2 GB/s`;
  if ('flat' in types && (points < FEW || (latencyMs !== undefined && scanMs <= latencyMs))) {
    const why =
      points < FEW ? `${points} points are too few for an index to pay` : `${scan}, within ${latencyMs} ms`;
    return { index: { type: 'flat' }, search: {}, reason: [`flat, which is exact: ${why}`] };
  }
  const graph = 'hnsw' in types;
  if (!graph) {
    const reason = [
      `the engine's own index with its defaults: it has no graph; ${scan}`,
      ...filterReasons(needs),
    ];
    return { index: {}, search: {}, reason };
  }
  return proposeGraph(needs, target, scan);
}

function proposeGraph(needs: IndexNeeds, target: Capabilities, scan: string): IndexProposal {
  const { dimensions, k, updatesPerDay } = needs;
  const m = dimensions >= 768 ? 32 : 16;
  const efConstruction = Math.max(8 * m, 2 * k);
  const memory = memoryReasons(needs, target, m);
  const reason = [
    `hnsw: ${scan}${needs.latencyMs === undefined ? '' : `, more than ${needs.latencyMs} ms`}`,
    `m ${m}: ${dimensions} dimensions (hnswlib: 12 to 48 for most data; pgvector's own default is 16)`,
    `efConstruction ${efConstruction}: eight times m, at least twice k = ${k}`,
    ...(updatesPerDay > 0.05
      ? [
          `${(updatesPerDay * 100).toFixed(0)}% of the points change in a day: a graph takes them in, clusters would grow stale; build it again when recall falls`,
        ]
      : []),
    ...memory.reason,
    ...filterReasons(needs),
  ];
  return {
    index: { type: 'hnsw', m, efConstruction, ...memory.index },
    search: { ef: Math.max(64, 2 * k) },
    reason,
  };
}

function memoryReasons({ points, dimensions, memoryBytes }: IndexNeeds, target: Capabilities, m: number) {
  const bytes = (perNumber: number) => Math.round(points * (dimensions * perNumber + 8 * m) * 1.1);
  const full = bytes(4);
  const shown = (n: number) => `${(n / 2 ** 20).toFixed(0)} MiB`;
  if (memoryBytes === undefined) return { index: {}, reason: [`about ${shown(full)} in memory`] };
  if (full <= memoryBytes)
    return { index: {}, reason: [`about ${shown(full)} in memory, within ${shown(memoryBytes)}`] };
  const codes = target.indexTypes['hnsw'] ?? [];
  for (const [name, perNumber] of [
    ['f16', 2],
    ['sq8', 1],
    ['binary', 1 / 8],
  ] as const) {
    if (!codes.includes(name) || bytes(perNumber) > memoryBytes) continue;
    const why = `${name}: ${shown(full)} would not fit ${shown(memoryBytes)}, about ${shown(bytes(perNumber))} do; measure what it costs in recall`;
    return { index: { quantization: name }, reason: [why] };
  }
  return {
    index: {},
    reason: [
      `about ${shown(full)} in memory, more than ${shown(memoryBytes)}: no quantization of this engine makes it fit`,
    ],
  };
}

function filterReasons({ selectivities, points, k }: IndexNeeds): string[] {
  if (selectivities.length === 0) return [];
  const restrictive = selectivities.filter((share) => share <= RESTRICTIVE).length;
  if (restrictive === 0)
    return ['filters of the queries let more than 1% of the points through: no provision needed'];
  const least = Math.min(...selectivities);
  return [
    `${restrictive} of ${selectivities.length} filters let at most 1% of the points through (the least ${Math.round(least * points)}): index their fields, and look at recall of that group, as a graph search for ${k} hits may end before it finds them`,
  ];
}
