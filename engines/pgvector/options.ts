import { z } from 'zod';
import type { Fault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { DataShape } from '../contract/options.js';
import { choice, integer, type OptionRules, type OptionShape, quantization } from '../kit/options.js';

export const INDEX_TYPES: Readonly<Record<string, readonly string[]>> = {
  flat: ['none'],
  hnsw: ['none', 'f16', 'binary'],
  ivf: ['none', 'f16', 'binary'],
};

/** Dimensions that an index of each kind of value takes. */
const MAX_INDEXED: Readonly<Record<string, number>> = { none: 2000, f16: 4000, binary: 64_000 };

export const rules: OptionRules = {
  index: z
    .strictObject({
      type: choice(Object.keys(INDEX_TYPES)),
      quantization: quantization(['none', 'f16', 'binary']),
      m: integer(2, 100),
      efConstruction: integer(4, 1000),
      nlist: integer(1, 32_768),
      payloadIndex: z.boolean({ error: 'must be true or false' }),
    })
    .partial(),
  search: z
    .strictObject({
      ef: integer(1, 1000),
      nprobe: integer(1, 32_768),
      iterativeScan: choice(['off', 'strict', 'relaxed']),
      maxScanTuples: integer(1, 2_000_000_000),
      maxProbes: integer(1, 32_768),
      rescore: z.boolean({ error: 'must be true or false' }),
      candidates: integer(1, 1_000_000),
    })
    .partial(),
  defaultType: 'hnsw',
  defaultQuantization: () => 'none',
  shape(type, quantized, _index, search) {
    const allowed = INDEX_TYPES[type]!;
    if (!allowed.includes(quantized)) return `of ${type} must be ${allowed.join(' or ')}`;
    const base = { type, quantization: quantized, payloadIndex: null };
    const variant = quantized === 'none' ? type : `${type}-${quantized}`;
    if (type === 'flat') return { index: base, search: {}, variant };
    const rest = { ...scan(type, search), ...ranking(quantized, search) };
    return type === 'hnsw'
      ? { index: { ...base, m: 16, efConstruction: 64 }, search: { ef: 40, ...rest }, variant }
      : { index: { ...base, nlist: 100 }, search: { nprobe: 1, ...rest }, variant };
  },
  check(index, search) {
    const issues: Fault[] = [];
    const m = Number(index['m'] ?? 0);
    if (index['type'] === 'hnsw' && Number(index['efConstruction']) < 2 * m) {
      const what = `efConstruction must be at least 2 * m (${2 * m})`;
      issues.push({ path: ['index', 'efConstruction'], what, got: index['efConstruction'] });
    }
    if (search['iterativeScan'] === 'strict' && index['type'] === 'ivf') {
      const what = 'iterativeScan of ivf must be off or relaxed: pgvector has no strict order there';
      issues.push({ path: ['search', 'iterativeScan'], what, got: 'strict' });
    }
    return issues;
  },
};

type Given = Readonly<Record<string, unknown>>;

/** Where an iterative scan gives up; the presets are pgvector's own. */
function scan(type: string, search: Given): OptionShape['search'] {
  if ((search['iterativeScan'] ?? 'off') === 'off') return { iterativeScan: null };
  const limit = type === 'hnsw' ? { maxScanTuples: 20_000 } : { maxProbes: 32_768 };
  return { iterativeScan: null, ...limit };
}

/** Only bits are ranked again by the full vectors: half precision ranks well enough by itself. */
function ranking(quantized: string, search: Given): OptionShape['search'] {
  if (quantized !== 'binary') return {};
  return { rescore: true, ...(search['rescore'] !== false && { candidates: 100 }) };
}

/** What PostgreSQL would refuse only after the data was loaded. */
export function checkData(data: DataShape, index: ParameterSet, search: ParameterSet): Fault[] {
  const issues: Fault[] = [];
  const quantized = String(index['quantization']);
  const most = MAX_INDEXED[quantized]!;
  if (index['type'] !== 'flat' && data.dimensions > most) {
    const what = `an index with quantization ${quantized} takes at most ${most} dimensions, the data has ${data.dimensions}`;
    issues.push({ path: ['index', 'quantization'], what, got: quantized });
  }
  if (index['nlist'] !== undefined && Number(index['nlist']) > data.count) {
    const what = `nlist must not exceed the number of points (${data.count})`;
    issues.push({ path: ['index', 'nlist'], what, got: index['nlist'] });
  }
  if (search['candidates'] !== undefined && Number(search['candidates']) < data.k) {
    const what = `candidates must be at least k (${data.k})`;
    issues.push({ path: ['search', 'candidates'], what, got: search['candidates'] });
  }
  return issues;
}
