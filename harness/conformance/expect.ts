import assert from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';
import type { Expect, Matchers } from './api.js';

/** `Expect` over `node:assert`: what differs is said as a user of the command can read it. */
export const expect: Expect = (got, message) => {
  const hold = (passed: boolean, what: string) => {
    if (!passed) fail(message, `expected ${shown(got)} ${what}`);
  };
  const number = (test: (value: number) => boolean, what: string) => hold(test(got as number), what);
  const contains = (item: unknown) =>
    typeof got === 'string' ? got.includes(item as string) : [...(got as Iterable<unknown>)].includes(item);
  const matches = (pattern: RegExp | string) => matchesText(String(got), pattern);
  const equal = (wanted: unknown) => isDeepStrictEqual(defined(got), defined(wanted));
  const matchers: Matchers = {
    toBe: (wanted) => hold(Object.is(got, wanted), `to be ${shown(wanted)}`),
    toEqual: (wanted) => {
      if (!equal(wanted)) assert.deepStrictEqual(defined(got), defined(wanted), message);
    },
    toMatchObject: (wanted) => hold(includes(got, wanted), `to hold ${shown(wanted)}`),
    toHaveLength: (length) =>
      hold((got as { length: number }).length === length, `to have the length ${length}`),
    toContain: (item) => hold(contains(item), `to contain ${shown(item)}`),
    toMatch: (pattern) => hold(matches(pattern), `to match ${pattern}`),
    toBeLessThan: (limit) => number((value) => value < limit, `to be less than ${limit}`),
    toBeLessThanOrEqual: (limit) => number((value) => value <= limit, `to be at most ${limit}`),
    toBeGreaterThan: (limit) => number((value) => value > limit, `to be greater than ${limit}`),
    toBeGreaterThanOrEqual: (limit) => number((value) => value >= limit, `to be at least ${limit}`),
    toBeCloseTo: (wanted, digits = 2) =>
      number((value) => Math.abs(value - wanted) < 10 ** -digits / 2, `to be close to ${wanted}`),
    toBeNull: () => hold(got === null, 'to be null'),
    toBeUndefined: () => hold(got === undefined, 'to be undefined'),
    toBeDefined: () => hold(got !== undefined, 'to be defined'),
    toBeInstanceOf: (type) => hold(got instanceof type, `to be a ${type.name}`),
    not: {
      toBe: (wanted) => hold(!Object.is(got, wanted), `not to be ${shown(wanted)}`),
      toEqual: (wanted) => hold(!equal(wanted), `not to equal ${shown(wanted)}`),
      toContain: (item) => hold(!contains(item), `not to contain ${shown(item)}`),
      toBeNull: () => hold(got !== null, 'not to be null'),
      toMatch: (pattern) => hold(!matches(pattern), `not to match ${pattern}`),
    },
    rejects: {
      toThrow: async (wanted) => {
        const error = await rejection(got, message);
        const text = error instanceof Error ? error.message : String(error);
        if (wanted !== undefined && !matchesText(text, wanted))
          fail(message, `expected a message that matches ${wanted}, got ${shown(text)}`);
      },
      toBe: async (wanted) => {
        const error = await rejection(got, message);
        if (error !== wanted) fail(message, `expected ${shown(wanted)} itself, got ${shown(error)}`);
      },
    },
  };
  return matchers;
};

function fail(message: string | undefined, what: string): never {
  throw new assert.AssertionError({ message: message === undefined ? what : `${message}: ${what}` });
}

async function rejection(got: unknown, message: string | undefined): Promise<unknown> {
  const settled = await Promise.resolve(got).then(
    (value) => ({ state: 'resolved' as const, value }),
    (error: unknown) => ({ state: 'rejected' as const, error }),
  );
  if (settled.state === 'rejected') return settled.error;
  return fail(message, `expected an error, got ${shown(settled.value)}`);
}

function matchesText(text: string, pattern: RegExp | string): boolean {
  return typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);
}

/** Without keys that are undefined, at every depth of plain objects, arrays, maps and sets. */
function defined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(defined);
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, defined(each)]));
  if (value instanceof Set) return new Set([...value].map(defined));
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [[key, defined(each)]])),
  );
}

function includes(got: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(got) || got.length !== wanted.length) return false;
    return wanted.every((each, i) => includes(got[i], each));
  }
  if (!isPlain(wanted)) return isDeepStrictEqual(got, wanted);
  if (typeof got !== 'object' || got === null) return false;
  return Object.entries(wanted).every(([key, each]) => includes((got as Record<string, unknown>)[key], each));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function shown(value: unknown): string {
  const text = inspect(value, { depth: 4, breakLength: 100, maxArrayLength: 12, maxStringLength: 200 });
  return text.length > 600 ? `${text.slice(0, 600)} …` : text;
}
