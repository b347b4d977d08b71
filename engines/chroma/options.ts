import { z } from 'zod';
import type { NumberMetric } from '../../datasets/dataset.js';
import { choice, integer, type OptionRules, quantization } from '../kit/options.js';

export const INDEX_TYPES: Readonly<Record<string, readonly string[]>> = { hnsw: ['none'] };

/** What the server uses if nothing is said. */
export const DEFAULT_EF = 100;

/** How queries are sent; the first if nothing is said. */
const CLIENTS = ['raw-http', 'official'];

/**
 * The server reads `ef` when it opens an index. With the search, each value costs a restart of the server; with the
 * index, a build, which is the only way on a server that was not started here.
 */
export const rules: OptionRules = {
  index: z
    .strictObject({
      type: choice(Object.keys(INDEX_TYPES)),
      quantization: quantization(['none']),
      m: integer(2, 1024),
      efConstruction: integer(1, 10_000),
      ef: integer(1, 100_000),
    })
    .partial(),
  search: z.strictObject({ ef: integer(1, 100_000), client: choice(CLIENTS) }).partial(),
  defaultType: 'hnsw',
  defaultQuantization: () => 'none',
  shape: (type, quantized, index) => ({
    index: { type, quantization: quantized, m: 16, efConstruction: 100, ef: null },
    search: { ef: Number(index['ef'] ?? DEFAULT_EF), client: null },
    variant: 'hnsw',
  }),
  check: (index, search) =>
    index['ef'] === undefined || index['ef'] === search['ef']
      ? []
      : [
          {
            path: ['search', 'ef'],
            what: `ef is ${index['ef']} under index: give it once, here or there`,
            got: search['ef'],
          },
        ],
};

/** The server's names of the metrics. */
export const SPACES: Readonly<Record<NumberMetric, string>> = { cosine: 'cosine', dot: 'ip', l2: 'l2' };
