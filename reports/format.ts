import { groupDigits } from '../common/numbers.js';
import type { Unit } from '../harness/model/measures/measure.js';

export const MINUS = '\u2212';

/** Text of a decimal number with grouped thousands and a real minus sign. */
function typeset(text: string): string {
  const negative = text.startsWith('-');
  const [whole = '', fraction] = (negative ? text.slice(1) : text).split('.');
  const number = fraction === undefined ? groupDigits(whole) : `${groupDigits(whole)}.${fraction}`;
  return negative ? MINUS + number : number;
}

/** A whole number, every digit kept. */
export function formatCount(value: number): string {
  return typeset(String(Math.round(value)));
}

/** Three significant digits; trailing zeros that carry precision stay (`2.40`). Tiny values use an exponent. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e12) return exponent(value);
  const rounded = Number(value.toPrecision(3));
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return typeset(rounded.toFixed(Math.min(decimals, 8)));
}

function exponent(value: number): string {
  const [mantissa = '', power = '0'] = value.toExponential(2).split('e');
  return `${typeset(mantissa)}×10${superscript(Number(power))}`;
}

function superscript(power: number): string {
  const marks: Record<string, string> = { '-': '⁻' };
  [...'⁰¹²³⁴⁵⁶⁷⁸⁹'].forEach((mark, digit) => {
    marks[String(digit)] = mark;
  });
  return [...String(power)].map((sign) => marks[sign] ?? sign).join('');
}

export type Rounding = 'nearest' | 'down' | 'up';

/**
 * A share from 0 to 1 with at least three decimals, and so many more that its distance to 1 keeps two
 * significant digits: 0.99987 must not read as 1.000. Interval ends are rounded outwards (`down`, `up`),
 * so that a bound that misses a target is never printed as if it reached it.
 */
export function formatShare(value: number, rounding: Rounding = 'nearest'): string {
  if (!Number.isFinite(value)) return String(value);
  const missing = 1 - value;
  if (missing === 0) return '1.000';
  const decimals = missing > 0 && missing < 0.1 ? Math.min(6, Math.ceil(-Math.log10(missing) - 1e-9) + 1) : 3;
  const scale = 10 ** Math.max(3, decimals);
  // Six more decimals are read before rounding outwards, or 0.95 stored as 0.94999… would print as 0.949.
  const scaled = Number((value * scale).toFixed(6));
  const round = { nearest: Math.round, down: Math.floor, up: Math.ceil }[rounding];
  const rounded = round(scaled) / scale;
  const shown = rounded >= 1 && value < 1 && rounding !== 'up' ? 1 - 1 / scale : rounded;
  return typeset(shown.toFixed(Math.max(3, decimals)));
}

/** A share as a percentage that is 100% only where it is that: 0.99998 reads 99.9980%. */
export function formatPercent(share: number): string {
  const text = formatNumber(share * 100);
  if (share >= 1 || share < 0.5 || Number(text) < 100) return `${text}%`;
  // As many decimals as its distance to 1 needs to show two digits.
  const decimals = Math.min(12, Math.ceil(-Math.log10((1 - share) * 100)) + 1);
  const scale = 10 ** decimals;
  return `${(Math.floor(Number((share * 100 * scale).toFixed(4))) / scale).toFixed(decimals)}%`;
}

export function formatMiB(bytes: number): string {
  return formatNumber(bytes / 2 ** 20);
}

/** A rate or a number of clients as it was chosen: whole ones have no decimals. */
export const formatRate = (value: number): string =>
  Number.isInteger(value) && value < 10_000 ? String(value) : formatNumber(value);

/** Bytes with a binary unit that suits the size. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? formatCount(value) : formatNumber(value)} ${units[unit]}`;
}

/** Seconds as a duration people read: `0.42 s`, `3 min 12 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${formatNumber(seconds)} s`;
  return seconds < 3599.5
    ? sixties(Math.round(seconds), 'min', 's')
    : sixties(Math.round(seconds / 60), 'h', 'min');
}

function sixties(count: number, large: string, small: string): string {
  const rest = count % 60;
  return `${formatCount(Math.floor(count / 60))} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** An ISO time as `2026-11-22 22:04:12 UTC`; text that is none stays as it is. */
export function formatTime(iso: string): string {
  return iso.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/, '$1 $2 UTC');
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], word = 'and'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;
}

/** A value in the unit that tables print: bytes as MiB, shares with enough decimals near 1. */
export function formatMeasure(value: number, unit: Unit, rounding: Rounding = 'nearest'): string {
  if (unit === 'share') return formatShare(value, rounding);
  if (unit === 'bytes') return formatMiB(value);
  if (unit === 'count') return formatCount(value);
  return formatNumber(value);
}

/** Unit as printed in the head of a column. */
export function unitLabel(unit: Unit): string {
  if (unit === 'bytes') return 'MiB';
  return unit === 'share' || unit === 'ratio' || unit === 'count' ? '' : unit;
}
