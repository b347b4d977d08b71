import { z } from 'zod';
import type { Fault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { DataShape } from '../contract/options.js';
import { choice, integer, type OptionRules, type OptionShape, quantization } from '../kit/options.js';

export const INDEX_TYPES: Readonly<Record<string, readonly string[]>> = {
  flat: ['none'],
  hnsw: ['none', 'sq8', 'pq', 'binary'],
};
export const MAX_DIMENSIONS = 65_536;
const KIB = 1024;
/** Least number of segments that the server makes unless told otherwise. */
const SEGMENTS = 2;

/** How queries are sent; the first if nothing is said. */
const CLIENTS = ['raw-http', 'official'];

export const rules: OptionRules = {
  index: z
    .strictObject({
      type: choice(Object.keys(INDEX_TYPES)),
      quantization: quantization(['none', 'sq8', 'pq', 'binary']),
      m: integer(2, 512),
      efConstruction: integer(4, 10_000),
      /** KiB of vectors below which a segment is scanned although it has a graph. */
      fullScanThreshold: integer(10, 1_000_000_000),
      segments: integer(1, 256),
      compression: choice(['x4', 'x8', 'x16', 'x32', 'x64']),
      encoding: choice(['one_bit', 'one_and_half_bits', 'two_bits']),
      payloadIndex: z.boolean({ error: 'must be true or false' }),
    })
    .partial(),
  search: z
    .strictObject({
      ef: integer(1, 100_000),
      rescore: z.boolean({ error: 'must be true or false' }),
      oversampling: decimal(1, 1000),
      client: choice(CLIENTS),
    })
    .partial(),
  defaultType: 'hnsw',
  defaultQuantization: () => 'none',
  shape(type, quantized) {
    const allowed = INDEX_TYPES[type]!;
    if (!allowed.includes(quantized)) return `of ${type} must be ${allowed.join(' or ')}`;
    if (type === 'flat') {
      const index = { type, quantization: quantized, payloadIndex: null };
      return { index, search: { client: null }, variant: 'flat' };
    }
    return hnsw(quantized);
  },
};

/** Beside the quantized vectors the server keeps the original ones, so that it can rescore. */
function hnsw(quantized: string): OptionShape {
  const index = {
    type: 'hnsw',
    quantization: quantized,
    m: 16,
    efConstruction: 100,
    fullScanThreshold: 10,
    segments: null,
    payloadIndex: null,
  };
  if (quantized === 'none') return { index, search: { ef: 64, client: null }, variant: 'hnsw' };
  const own = {
    sq8: {},
    pq: { compression: 'x16' },
    binary: { encoding: 'one_bit' },
  }[quantized]!;
  // The server's own default is to rescore binary vectors only.
  const search = { ef: 64, rescore: quantized === 'binary', oversampling: null, client: null };
  return { index: { ...index, ...own }, search, variant: `hnsw-${quantized}` };
}

function decimal(min: number, max: number): z.ZodType<number> {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** What would make a sweep meaningless or be refused once the data is loaded. */
export function checkData({ dimensions, count }: DataShape, index: ParameterSet): Fault[] {
  const issues: Fault[] = [];
  if (dimensions > MAX_DIMENSIONS) {
    issues.push({
      path: ['use'],
      what: `Qdrant holds at most ${MAX_DIMENSIONS} dimensions`,
      got: dimensions,
    });
  }
  if (index['type'] !== 'hnsw') return issues;
  const segments = Number(index['segments'] ?? SEGMENTS);
  const size = Math.floor((count * dimensions * Float32Array.BYTES_PER_ELEMENT) / KIB / segments);
  const threshold = Number(index['fullScanThreshold']);
  if (size < threshold) {
    const what = `fullScanThreshold must not exceed the vectors of a segment (here ${size} KiB in each of ${segments}): Qdrant would scan them all and ignore ef; use type: flat for so few points`;
    issues.push({ path: ['index', 'fullScanThreshold'], what, got: threshold });
  }
  return issues;
}
