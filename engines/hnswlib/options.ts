import { z } from 'zod';
import { choice, integer, type OptionRules, quantization } from '../kit/options.js';

export const rules: OptionRules = {
  index: z
    .strictObject({
      type: choice(['hnsw']),
      quantization: quantization(['none']),
      m: integer(2, 256),
      efConstruction: integer(1, 10_000),
    })
    .partial(),
  search: z.strictObject({ ef: integer(1, 100_000) }).partial(),
  defaultType: 'hnsw',
  defaultQuantization: () => 'none',
  shape: (type, quantized) => ({
    index: { type, quantization: quantized, m: 16, efConstruction: 200 },
    search: { ef: 64 },
    variant: 'hnsw',
  }),
  check: (index) => {
    const m = Number(index['m']);
    const efConstruction = Number(index['efConstruction']);
    if (efConstruction >= m) return [];
    const what = `efConstruction must be at least m (${m}): hnswlib silently raises it to m`;
    return [{ path: ['index', 'efConstruction'], what, got: efConstruction }];
  },
};
