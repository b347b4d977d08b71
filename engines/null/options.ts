import { z } from 'zod';
import { choice, type OptionRules, quantization } from '../kit/options.js';

export const rules: OptionRules = {
  index: z.strictObject({ type: choice(['none']), quantization: quantization(['none']) }).partial(),
  search: z.strictObject({}),
  defaultType: 'none',
  defaultQuantization: () => 'none',
  shape: (type, quantized) => ({ index: { type, quantization: quantized }, search: {}, variant: 'none' }),
};
