import { z } from 'zod';
import type { Fault } from '../../common/faults.js';
import type { DataShape } from '../contract/options.js';
import { choice, type OptionRules, quantization } from '../kit/options.js';

/** Limits of sqlite-vec 0.1. */
export const MAX_DIMENSIONS = 8192;
const MAX_K = 4096;

export const rules: OptionRules = {
  index: z
    .strictObject({
      type: choice(['flat']),
      quantization: quantization(['none']),
      payloadIndex: z.boolean({ error: 'must be true or false' }),
    })
    .partial(),
  search: z.strictObject({}),
  defaultType: 'flat',
  defaultQuantization: () => 'none',
  shape: (type, quantized) => ({
    index: { type, quantization: quantized, payloadIndex: null },
    search: {},
    variant: 'flat',
  }),
};

/** What sqlite-vec would refuse only when the table is created or searched. */
export function checkData({ metric, dimensions, k }: DataShape): Fault[] {
  const issues: Fault[] = [];
  if (metric === 'dot') {
    const what = 'sqlite-vec knows cosine and l2 only, not dot (unit vectors rank the same under cosine)';
    issues.push({ path: ['use'], what, got: metric });
  }
  if (dimensions > MAX_DIMENSIONS) {
    const what = `sqlite-vec holds at most ${MAX_DIMENSIONS} dimensions`;
    issues.push({ path: ['use'], what, got: dimensions });
  }
  if (k > MAX_K) issues.push({ path: ['use'], what: `sqlite-vec returns at most ${MAX_K} hits`, got: k });
  return issues;
}
