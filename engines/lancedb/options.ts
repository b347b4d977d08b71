import { z } from 'zod';
import type { Fault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { DataShape } from '../contract/options.js';
import { choice, integer, type OptionRules, type OptionShape, quantization } from '../kit/options.js';

export const INDEX_TYPES: Readonly<Record<string, readonly string[]>> = {
  flat: ['none'],
  ivf: ['none', 'pq', 'rq'],
  hnsw: ['sq8', 'pq'],
};

export const rules: OptionRules = {
  index: z
    .strictObject({
      type: choice(Object.keys(INDEX_TYPES)),
      quantization: quantization(['none', 'sq8', 'pq', 'rq']),
      nlist: integer(1, 65_536),
      m: integer(2, 256),
      efConstruction: integer(1, 10_000),
      pqSegments: integer(1, 4096),
      bits: integer(1, 9),
      payloadIndex: z.boolean({ error: 'must be true or false' }),
    })
    .partial(),
  search: z
    .strictObject({
      nprobe: integer(1, 65_536),
      ef: integer(1, 100_000),
      refineFactor: integer(1, 1000),
      postfilter: z.boolean({ error: 'must be true or false' }),
    })
    .partial(),
  defaultType: 'ivf',
  defaultQuantization: (type) => (type === 'hnsw' ? 'sq8' : 'none'),
  shape(type, quantized, index) {
    const allowed = INDEX_TYPES[type]!;
    if (!allowed.includes(quantized)) return `of ${type} must be ${allowed.join(' or ')}`;
    const base = { type, quantization: quantized, payloadIndex: null };
    if (type === 'flat') return { index: base, search: { postfilter: null }, variant: 'flat' };
    return type === 'ivf' ? ivf(base, quantized) : hnsw(base, quantized, index);
  },
  check: (index) =>
    index['quantization'] === 'pq' && index['bits'] !== undefined && ![4, 8].includes(Number(index['bits']))
      ? [{ path: ['index', 'bits'], what: 'bits of pq must be 4 or 8', got: index['bits'] }]
      : [],
};

type Base = { type: string; quantization: string; payloadIndex: null };

function ivf(base: Base, quantized: string): OptionShape {
  const index = { ...base, nlist: 64 };
  if (quantized === 'none') return { index, search: { nprobe: 8, postfilter: null }, variant: 'ivf' };
  const search = { nprobe: 8, refineFactor: null, postfilter: null };
  if (quantized === 'rq') return { index: { ...index, bits: 1 }, search, variant: 'ivf-rq' };
  return { index: { ...index, pqSegments: null, bits: 8 }, search, variant: 'ivf-pq' };
}

/** Each partition holds a graph of its own; with one partition there is nothing to probe. */
function hnsw(base: Base, quantized: string, given: Readonly<Record<string, unknown>>): OptionShape {
  const index = { ...base, m: 20, efConstruction: 300, nlist: 1 };
  const partitions = Number(given['nlist'] ?? 1);
  const nprobe = partitions > 1 ? { nprobe: partitions } : {};
  const search = { ef: 64, refineFactor: null, postfilter: null, ...nprobe };
  if (quantized === 'sq8') return { index, search, variant: 'hnsw-sq8' };
  return { index: { ...index, pqSegments: null }, search, variant: 'hnsw-pq' };
}

/** Segments of product quantization: what was asked for, else the client's own default for the dimension. */
export function pqSegments(index: ParameterSet, dimensions: number): number {
  if (index['pqSegments'] !== undefined) return Number(index['pqSegments']);
  if (dimensions % 16 === 0) return dimensions / 16;
  return dimensions % 8 === 0 ? dimensions / 8 : 1;
}

/** What LanceDB would refuse only after the data was loaded. */
export function checkData(data: DataShape, index: ParameterSet, search: ParameterSet): Fault[] {
  return [
    ...(index['quantization'] === 'pq' ? checkPq(data, index) : []),
    ...(index['quantization'] === 'rq' ? checkRq(data) : []),
    ...checkSizes(data, index, search),
  ];
}

function checkPq({ dimensions, count }: DataShape, index: ParameterSet): Fault[] {
  const bits = Number(index['bits'] ?? 8);
  const segments = pqSegments(index, dimensions);
  const path = ['index', 'pqSegments'];
  if (dimensions % segments !== 0) {
    return [{ path, what: `pqSegments must divide the ${dimensions} dimensions`, got: segments }];
  }
  if (bits === 4 && segments % 2 !== 0) {
    return [{ path, what: 'pqSegments must be even with bits: 4', got: segments }];
  }
  if (count >= 2 ** bits) return [];
  const what = `quantization pq needs at least ${2 ** bits} points to train, the dataset has ${count}`;
  return [{ path: ['index', 'quantization'], what, got: 'pq' }];
}

function checkRq({ dimensions }: DataShape): Fault[] {
  if (dimensions % 8 === 0) return [];
  const what = `quantization rq needs a dimension divisible by 8, not ${dimensions}`;
  return [{ path: ['index', 'quantization'], what, got: 'rq' }];
}

function checkSizes({ count, k }: DataShape, index: ParameterSet, search: ParameterSet): Fault[] {
  const issues: Fault[] = [];
  const nlist = Number(index['nlist'] ?? 1);
  if (nlist > count) {
    const what = `nlist must not exceed the number of points (${count})`;
    issues.push({ path: ['index', 'nlist'], what, got: nlist });
  }
  const wanted = k * Number(search['refineFactor'] ?? 1);
  const ef = search['ef'];
  if (ef !== undefined && Number(ef) < wanted) {
    const what = `ef must be at least k times refineFactor (${wanted}): LanceDB refuses less`;
    issues.push({ path: ['search', 'ef'], what, got: ef });
  }
  return issues;
}
