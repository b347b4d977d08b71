import { z } from 'zod';
import type { Fault } from '../../common/faults.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { DataShape } from '../contract/options.js';
import { choice, integer, type OptionRules, quantization } from '../kit/options.js';

export const QUANTIZATIONS = ['none', 'f16', 'bf16', 'sq8', 'binary'] as const;

export const rules: OptionRules = {
  index: z
    .strictObject({
      type: choice(['hnsw']),
      quantization: quantization(QUANTIZATIONS),
      m: integer(2, 256),
      efConstruction: integer(1, 10_000),
    })
    .partial(),
  search: z.strictObject({ ef: integer(1, 100_000) }).partial(),
  defaultType: 'hnsw',
  defaultQuantization: () => 'none',
  shape: (type, quantized) => ({
    index: { type, quantization: quantized, m: 16, efConstruction: 128 },
    search: { ef: 64 },
    variant: quantized === 'none' ? 'hnsw' : `hnsw-${quantized}`,
  }),
};

/** Eight-bit and one-bit codes drop the length of a vector: dot and l2 would rank by something else. */
export function checkData(data: DataShape, index: ParameterSet): Fault[] {
  const quantized = String(index['quantization']);
  if (data.metric === 'cosine' || (quantized !== 'sq8' && quantized !== 'binary')) return [];
  return [
    {
      path: ['index', 'quantization'],
      what: `quantization ${quantized} of usearch normalises vectors and works for metric cosine only, not ${data.metric}`,
      got: quantized,
    },
  ];
}
