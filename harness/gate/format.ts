import type { Gate } from './gates.js';

const SHORT: Readonly<Record<string, string>> = { share: '', ratio: '', count: '' };

/** A figure in a measure's unit, for messages: enough digits to tell it from the limit. */
export function figure(value: number, unit: string): string {
  const suffix = SHORT[unit] ?? ` ${unit}`;
  return `${compact(value)}${suffix}`;
}

/** A change as the gate states it: percent of the baseline, or a difference (points of a share). */
export function change(value: number, gate: Pick<Gate, 'relative' | 'about'>): string {
  const sign = value > 0 ? '+' : '';
  if (gate.relative) return `${sign}${compact(value * 100)}%`;
  return gate.about.unit === 'share' ? `${sign}${compact(value * 100)} pt` : `${sign}${compact(value)}`;
}

function compact(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-6) return value.toExponential(1);
  const digits = size >= 1 && size < 1000 ? 4 : 5;
  const text = Number(value.toPrecision(size > 0.9 && size < 1 ? 5 : digits));
  return String(text);
}
