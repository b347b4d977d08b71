import { z } from 'zod';
import type { Fault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { DataShape } from '../contract/options.js';
import { choice, integer, type OptionRules, type OptionShape, quantization } from '../kit/options.js';

export const MAX_DIMENSIONS = 32_768;
/** Largest number of hits of one search. */
export const MAX_HITS = 16_384;

export const INDEX_TYPES: Readonly<Record<string, readonly string[]>> = {
  flat: ['none'],
  hnsw: ['none'],
  ivf: ['none', 'sq8', 'pq'],
  scann: ['pq'],
};

/** How queries are sent; the first if nothing is said. */
const CLIENTS = ['grpc', 'official'];

export const rules: OptionRules = {
  index: z
    .strictObject({
      type: choice(Object.keys(INDEX_TYPES)),
      quantization: quantization(['none', 'sq8', 'pq']),
      m: integer(2, 2048),
      efConstruction: integer(8, 32_768),
      nlist: integer(1, 65_536),
      pqSegments: integer(1, MAX_DIMENSIONS),
      bits: integer(1, 16),
      payloadIndex: z.boolean({ error: 'must be true or false' }),
    })
    .partial(),
  search: z
    .strictObject({
      ef: integer(1, 32_768),
      nprobe: integer(1, 65_536),
      reorderK: integer(1, MAX_HITS),
      client: choice(CLIENTS),
    })
    .partial(),
  defaultType: 'hnsw',
  defaultQuantization: (type) => INDEX_TYPES[type]![0]!,
  shape(type, quantized) {
    const allowed = INDEX_TYPES[type]!;
    if (!allowed.includes(quantized)) return `of ${type} must be ${allowed.join(' or ')}`;
    const shape = shapeOf(type, quantized);
    return { ...shape, search: { ...shape.search, client: null } };
  },
};

function shapeOf(type: string, quantized: string): OptionShape {
  const base = { type, quantization: quantized, payloadIndex: null };
  if (type === 'flat') return { index: base, search: {}, variant: 'flat' };
  if (type === 'hnsw') {
    return { index: { ...base, m: 16, efConstruction: 128 }, search: { ef: 64 }, variant: 'hnsw' };
  }
  const lists = { ...base, nlist: 64 };
  if (type === 'scann') return { index: lists, search: { nprobe: 8, reorderK: null }, variant: 'scann' };
  const search = { nprobe: 8 };
  if (quantized === 'none') return { index: lists, search, variant: 'ivf' };
  if (quantized === 'sq8') return { index: lists, search, variant: 'ivf-sq8' };
  return { index: { ...lists, pqSegments: null, bits: 8 }, search, variant: 'ivf-pq' };
}

/** Segments of product quantization: what was asked for, else one for 16 dimensions, for 8, or one. */
export function pqSegments(index: ParameterSet, dimensions: number): number {
  if (index['pqSegments'] !== undefined) return Number(index['pqSegments']);
  if (dimensions % 16 === 0) return dimensions / 16;
  return dimensions % 8 === 0 ? dimensions / 8 : 1;
}

/** What the server would refuse only after the data was loaded, or not at all: it takes nearly any index setting. */
export function checkData(data: DataShape, index: ParameterSet, search: ParameterSet): Fault[] {
  return [
    ...checkLimits(data),
    ...checkTraining(data, index),
    ...checkSegments(data, index),
    ...checkSearch(data, search),
  ];
}

function checkLimits({ dimensions, k }: DataShape): Fault[] {
  const issues: Fault[] = [];
  if (dimensions > MAX_DIMENSIONS) {
    const what = `Milvus takes vectors of at most ${MAX_DIMENSIONS} dimensions, not ${dimensions}`;
    issues.push({ path: ['index'], what });
  }
  if (k > MAX_HITS) {
    issues.push({ path: ['search'], what: `Milvus returns at most ${MAX_HITS} hits, not ${k}` });
  }
  return issues;
}

function checkTraining({ count }: DataShape, index: ParameterSet): Fault[] {
  const issues: Fault[] = [];
  const nlist = Number(index['nlist'] ?? 1);
  if (nlist > count) {
    const what = `nlist must not exceed the number of points (${count})`;
    issues.push({ path: ['index', 'nlist'], what, got: nlist });
  }
  // Scann trains codes of 4 bits.
  const bits = index['type'] === 'scann' ? 4 : Number(index['bits'] ?? 0);
  if (bits > 0 && count < 2 ** bits) {
    const what = `quantization pq needs at least ${2 ** bits} points to train, the dataset has ${count}`;
    issues.push({ path: ['index', 'quantization'], what, got: 'pq' });
  }
  return issues;
}

function checkSegments({ dimensions }: DataShape, index: ParameterSet): Fault[] {
  if (index['type'] === 'scann' && dimensions % 2 !== 0) {
    const what = `scann needs an even number of dimensions, not ${dimensions}`;
    return [{ path: ['index', 'type'], what, got: 'scann' }];
  }
  if (index['type'] !== 'ivf' || index['quantization'] !== 'pq') return [];
  const segments = pqSegments(index, dimensions);
  if (dimensions % segments === 0) return [];
  const what = `pqSegments must divide the ${dimensions} dimensions`;
  return [{ path: ['index', 'pqSegments'], what, got: segments }];
}

function checkSearch({ k }: DataShape, search: ParameterSet): Fault[] {
  const issues: Fault[] = [];
  for (const key of ['ef', 'reorderK']) {
    const value = search[key];
    if (value !== undefined && Number(value) < k) {
      const what = `${key} must be at least k (${k}): Milvus refuses less`;
      issues.push({ path: ['search', key], what, got: value });
    }
  }
  return issues;
}
