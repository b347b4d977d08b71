import { createInterface } from 'node:readline';
import { fileFailure } from '../../common/files.js';
import { parseJson } from '../../common/json.js';
import { streamRegular } from '../../common/regular-file.js';

/** One query as an application has logged it. */
export interface LoggedQuery {
  line: number;
  vector: Float32Array | undefined;
  text: string | undefined;
  /** Portable filter, as written. */
  filter: unknown;
  /** Filter in an engine's own language. */
  native: unknown;
  k: number | undefined;
  group: string | undefined;
  workflow: string | undefined;
  /** Field that binds it to one tenant's rows. */
  tenant: string | undefined;
  /** Milliseconds since 1970. */
  time: number | undefined;
  /** Hits that the application got; 0 is a negative query. */
  hits: number | undefined;
  threshold: number | undefined;
}

/** What can be read of a line, under the names that the log gives it. */
export const LOG_KEYS = [
  'vector',
  'text',
  'filter',
  'native',
  'k',
  'group',
  'workflow',
  'tenant',
  'time',
  'hits',
  'threshold',
] as const;
export type LogKey = (typeof LOG_KEYS)[number];

export type ReadLine = { state: 'ok'; query: LoggedQuery } | { state: 'bad'; line: number; why: string };

/**
 * Reads a log line by line; a bad line is told and nothing ends. Empty lines, and those that begin with #, are left out.
 * @param names the log's own key of each, dotted for nested ones
 * @throws FailureError if the file cannot be read
 */
export async function* readLog(
  path: string,
  names: Readonly<Partial<Record<LogKey, string>>>,
): AsyncGenerator<ReadLine> {
  const input = streamRegular(path).setEncoding('utf8');
  let line = 0;
  try {
    for await (const raw of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      const text = line === 1 ? raw.replace(/^\uFEFF/, '') : raw;
      if (text.trim() === '' || text.trimStart().startsWith('#')) continue;
      yield lineOf(text, line, names);
    }
  } catch (error) {
    throw fileFailure(path, 'the log cannot be read', error);
  } finally {
    input.destroy();
  }
}

function lineOf(text: string, line: number, names: Readonly<Partial<Record<LogKey, string>>>): ReadLine {
  const bad = (why: string): ReadLine => ({ state: 'bad', line, why });
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    // The parser's own words quote the line, which may hold what is to be hidden.
    return bad('is not JSON');
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return bad('is no JSON object');
  const at = (key: LogKey) => valueAt(json as Readonly<Record<string, unknown>>, names[key] ?? key);
  const given = at('vector');
  const vector = given === undefined ? undefined : vectorOf(given);
  if (vector === null) return bad('has a vector that is no list of finite numbers');
  const written = textOf(at('text'));
  if (vector === undefined && written === undefined) return bad('has neither a vector nor a text');
  const time = at('time');
  const moment = time === undefined ? undefined : timeOf(time);
  if (moment === null)
    return bad('has a time that is neither RFC 3339 with a zone nor seconds or milliseconds since 1970');
  const k = at('k');
  if (k !== undefined && !(Number.isInteger(k) && Number(k) >= 1))
    return bad('has a k that is no integer of at least 1');
  return {
    state: 'ok',
    query: {
      line,
      vector,
      text: written,
      filter: at('filter'),
      native: at('native'),
      k: k as number | undefined,
      group: textOf(at('group')),
      workflow: textOf(at('workflow')),
      tenant: textOf(at('tenant')),
      time: moment,
      hits: numberOf(at('hits')),
      threshold: numberOf(at('threshold')),
    },
  };
}

/** By a key as it is, or else by its parts; null counts as missing. */
function valueAt(object: Readonly<Record<string, unknown>>, name: string): unknown {
  let at: unknown = object;
  if (Object.hasOwn(object, name)) return object[name] ?? undefined;
  for (const key of name.split('.')) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at ?? undefined;
}

function vectorOf(given: unknown): Float32Array | null {
  if (!Array.isArray(given) || given.length === 0 || !given.every((each) => typeof each === 'number'))
    return null;
  const vector = Float32Array.from(given as number[]);
  return vector.every(Number.isFinite) ? vector : null;
}

const textOf = (given: unknown): string | undefined =>
  typeof given === 'string' && given !== '' ? given : undefined;

const numberOf = (given: unknown): number | undefined =>
  typeof given === 'number' && Number.isFinite(given) ? given : undefined;

/** RFC 3339 with a zone, or seconds or milliseconds since 1970; null: none of these. */
function timeOf(given: unknown): number | null {
  // Seconds reach 10^11 in the year 5138.
  if (typeof given === 'number') return given < 1e11 ? given * 1000 : given;
  if (typeof given !== 'string' || !/(z|[+-]\d\d:?\d\d)$/i.test(given)) return null;
  const time = Date.parse(given);
  return Number.isNaN(time) ? null : time;
}
