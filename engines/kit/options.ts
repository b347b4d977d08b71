import { z } from 'zod';
import { shorten } from '../../common/errors.js';
import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import type { ParameterSet } from '../../common/parameters.js';
import type { OptionsInput, ParsedOptions } from '../contract/options.js';

/** Other names of quantizations that people know, and the word used here. */
const SYNONYMS: Readonly<Record<string, string>> = { f32: 'none', i8: 'sq8', b1: 'binary' };

/** A whole number within a closed range; the message names the range. */
export function integer(min: number, max: number): z.ZodType<number> {
  const error = `must be an integer from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** One of several words. */
export function choice(words: readonly string[]): z.ZodType<string> {
  return z.enum(words as [string, ...string[]], {
    error: ({ input }) => suggest(`must be ${listed(words)}`, input, words, ''),
  });
}

/** One of an engine's quantizations, under the canonical word or a synonym (`f32`, `i8`, `b1`). */
export function quantization(words: readonly string[]): z.ZodType<string> {
  const accepted = [...words, ...Object.keys(SYNONYMS).filter((word) => words.includes(SYNONYMS[word]!))];
  return z.enum(accepted as [string, ...string[]], {
    error: ({ input }) => suggest(`must be ${listed(words)}`, input, accepted, ''),
  });
}

function listed(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : `one of ${words.join(', ')}`;
}

/** Keys that have an effect on one index type and quantization, with defaults; null: optional, without a default. */
export interface OptionShape {
  index: Readonly<Record<string, string | number | boolean | null>>;
  search: Readonly<Record<string, string | number | boolean | null>>;
  variant: string;
}

export interface OptionRules {
  index: z.ZodObject;
  search: z.ZodObject;
  defaultType: string;
  defaultQuantization(type: string): string;
  /** What the type and quantization make of the other keys; a string says why they do not go together. */
  shape(
    type: string,
    quantization: string,
    index: Readonly<Record<string, unknown>>,
    search: Readonly<Record<string, unknown>>,
  ): OptionShape | string;
  /** Rules between several keys, once each is valid by itself. */
  check?(index: ParameterSet, search: ParameterSet): readonly Fault[];
}

/** Checks one combination against an engine's rules and fills in the defaults; lists all faults at once. */
export function parseOptions(rules: OptionRules, input: OptionsInput): ParsedOptions {
  const issues = [
    ...faults(rules.index, input.index, 'index'),
    ...faults(rules.search, input.search, 'search'),
  ];
  const faulty = (key: string) => issues.some(({ path }) => path[0] === 'index' && path[1] === key);
  if (faulty('type') || faulty('quantization')) return { state: 'invalid', issues };

  const type = String(input.index['type'] ?? rules.defaultType);
  const word = String(input.index['quantization'] ?? rules.defaultQuantization(type));
  const quantized = SYNONYMS[word] ?? word;
  const shape = rules.shape(type, quantized, input.index, input.search);
  if (typeof shape === 'string') {
    issues.push({ path: ['index', 'quantization'], what: `quantization ${shape}`, got: word });
    return { state: 'invalid', issues };
  }
  const kind = `${type} with quantization ${quantized}`;
  issues.push(...withoutEffect(rules.index, input.index, shape.index, 'index', kind));
  issues.push(...withoutEffect(rules.search, input.search, shape.search, 'search', kind));
  if (issues.length > 0) return { state: 'invalid', issues };

  const index = filled(shape.index, { ...input.index, type, quantization: quantized });
  const search = filled(shape.search, input.search);
  const conflicts = rules.check?.(index, search) ?? [];
  if (conflicts.length > 0) return { state: 'invalid', issues: conflicts };
  return { state: 'ok', index, search, variant: shape.variant };
}

/** JSON Schemas of `index` and `search`, one value per key. */
export function jsonSchemas(rules: OptionRules): {
  index: Record<string, unknown>;
  search: Record<string, unknown>;
} {
  return { index: jsonSchema(rules.index), search: jsonSchema(rules.search) };
}

function jsonSchema(schema: z.ZodObject): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

type Part = 'index' | 'search';

function faults(schema: z.ZodObject, values: Readonly<Record<string, unknown>>, part: Part): Fault[] {
  const known = Object.keys(schema.shape);
  const found = new Map<string, Fault>();
  for (const issue of schema.safeParse(values).error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) found.set(key, unknownKey(key, values[key], known, part));
    } else {
      const key = String(issue.path[0]);
      if (!found.has(key)) {
        found.set(key, { path: [part, key], what: `${key} ${issue.message}`, got: values[key] });
      }
    }
  }
  return [...found.values()];
}

function unknownKey(key: string, got: unknown, known: readonly string[], part: Part): Fault {
  const rest = known.length === 0 ? 'takes no keys' : `knows ${known.join(', ')}`;
  const what = suggest(`${key} is not a known key`, key, known, `This engine's ${part} ${rest}`);
  return { path: [part, key], what, got };
}

function withoutEffect(
  schema: z.ZodObject,
  values: Readonly<Record<string, unknown>>,
  effective: OptionShape['index'],
  part: Part,
  kind: string,
): Fault[] {
  return Object.keys(values)
    .filter((key) => values[key] !== undefined && key in schema.shape && !(key in effective))
    .map((key) => ({
      path: [part, key],
      what: `${key} has no effect on ${kind}`,
      next: `remove it; ${shorten(Object.keys(effective).join(', ') || 'no key')} would have one`,
      got: values[key],
    }));
}

function filled(shape: OptionShape['index'], values: Readonly<Record<string, unknown>>): ParameterSet {
  const result: Record<string, string | number | boolean> = {};
  for (const [key, preset] of Object.entries(shape)) {
    const value = values[key] ?? preset;
    if (value !== null) result[key] = value as string | number | boolean;
  }
  return result;
}
