import { type Fault, type PlacedFault, placeFault } from '../../common/faults.js';
import { repeatedKey } from '../../common/json.js';
import { suggest } from '../../common/nearest.js';

/** One line of a query file as it was written; what it means is checked against the dataset later. */
export interface QueryEntry {
  /** 1-based. */
  line: number;
  id: string;
  /** Id of a query of the dataset's set, whose vector is taken; absent where a vector is given. */
  query: string | undefined;
  vector: readonly number[] | undefined;
  /** As written; undefined: none. */
  filter: unknown;
  group: string;
  k: number | undefined;
  /** Field by which rows belong to a tenant. */
  tenant: string | undefined;
  /** Grades by document id. */
  judgements: Readonly<Record<string, number>> | undefined;
  /** Where it comes from, for people and for other commands; nothing is measured by it. */
  about: Readonly<Record<string, unknown>> | undefined;
}

/** A fault of one line: `x.jsonl:3 filter.section is no field of the dataset …`. */
export interface LineFault extends Fault {
  line: number;
}

const KEYS = ['id', 'query', 'vector', 'filter', 'group', 'k', 'tenant', 'judgements', 'about'] as const;

/**
 * Reads a query file: JSON Lines, empty lines and lines that begin with # left out. Pure; all faults at once. Lines
 * with a fault give no entry.
 */
export function parseQueryFile(text: string): { entries: QueryEntry[]; faults: LineFault[] } {
  const entries: QueryEntry[] = [];
  const faults: LineFault[] = [];
  const lineOf = new Map<string, number>();
  // Some tools on Windows start a file with a byte order mark.
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = i + 1;
    if (raw.trim() === '' || raw.trimStart().startsWith('#')) continue;
    const read = readLine(raw, line);
    faults.push(...read.faults);
    const { entry } = read;
    if (entry === undefined) continue;
    const before = lineOf.get(entry.id);
    if (before === undefined) entries.push(entry);
    else faults.push({ line, path: ['id'], what: `is the id of line ${before} already`, got: entry.id });
    lineOf.set(entry.id, before ?? line);
  }
  if (entries.length === 0 && faults.length === 0) {
    faults.push({ line: 1, path: [], what: 'holds no query', next: 'write one JSON object a line' });
  }
  return { entries, faults };
}

function readLine(raw: string, line: number): { entry?: QueryEntry; faults: LineFault[] } {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch (error) {
    return { faults: [{ line, path: [], what: `is not JSON: ${(error as Error).message}` }] };
  }
  const twice = repeatedKey(raw);
  if (twice !== undefined)
    return {
      faults: [{ line, path: [], what: `names the key "${twice}" twice in one object`, next: 'keep one' }],
    };
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    return {
      faults: [{ line, path: [], what: 'must be a JSON object, e.g. {"id": "q1", "query": "…"}' }],
    };
  }
  const given = json as Record<string, unknown>;
  const faults = Object.keys(given)
    .filter((key) => !(KEYS as readonly string[]).includes(key))
    .map((key): LineFault => ({ line, path: [key], what: suggest('is not a known key', key, KEYS) }));
  const fault = (key: string, what: string) => faults.push({ line, path: [key], what, got: given[key] });
  checkShapes(given, fault);
  if (faults.length > 0) return { faults };
  const filter = given['filter'] ?? undefined;
  const entry = {
    line,
    id: String(given['id'] ?? given['query']),
    query: given['query'] as string | undefined,
    vector: given['vector'] as number[] | undefined,
    filter,
    group: (given['group'] as string | undefined) ?? (filter === undefined ? 'unfiltered' : 'filtered'),
    k: given['k'] as number | undefined,
    tenant: given['tenant'] as string | undefined,
    judgements: given['judgements'] as Record<string, number> | undefined,
    about: given['about'] as Record<string, unknown> | undefined,
  };
  return { entry, faults };
}

function checkShapes(given: Record<string, unknown>, fault: (key: string, what: string) => void): void {
  const { id, query, vector, k, group, tenant, judgements, about } = given;
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  if (id !== undefined && !isText(id)) fault('id', 'must be a text');
  if (query !== undefined && !isText(query)) fault('query', 'must be the id of a query of the dataset’s set');
  if ((query === undefined) === (vector === undefined)) {
    fault(query === undefined ? 'query' : 'vector', 'must be given, or else the other of query and vector');
  }
  if (query === undefined && id === undefined) fault('id', 'is required where a vector is given');
  const numbers = Array.isArray(vector) && vector.every((each) => typeof each === 'number');
  if (vector !== undefined && !numbers) fault('vector', 'must be a list of numbers');
  if (k !== undefined && !(Number.isInteger(k) && (k as number) >= 1))
    fault('k', 'must be an integer of at least 1');
  if (group !== undefined) {
    const wrong = wrongGroup(group);
    if (wrong !== undefined) fault('group', wrong);
  }
  if (tenant !== undefined && !isText(tenant)) fault('tenant', 'must be the name of a field');
  if (about !== undefined && (about === null || typeof about !== 'object' || Array.isArray(about)))
    fault('about', 'must be an object');
  if (judgements !== undefined && !areGrades(judgements)) {
    fault('judgements', 'must be an object of document ids and integer grades of at least 0');
  }
}

/** Why a text cannot name a group; undefined: it can. */
export function wrongGroup(group: unknown): string | undefined {
  if (typeof group !== 'string' || !/^[A-Za-z0-9][\w .-]{0,39}$/.test(group)) {
    return 'must be a name of up to 40 letters, digits, spaces, dots and dashes';
  }
  if (group === 'all' || group.startsWith('selectivity'))
    return 'is a name that reports use themselves; choose another';
  return undefined;
}

function areGrades(value: unknown): boolean {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  return Object.values(value).every((grade) => Number.isInteger(grade) && (grade as number) >= 0);
}

const MOST_FAULTS = 50;

/** Faults with their places, in the order of the file. */
export function placeLineFaults(file: string, faults: readonly LineFault[]): PlacedFault[] {
  const sorted = faults.toSorted((a, b) => a.line - b.line);
  const placed = sorted.slice(0, MOST_FAULTS).map((fault) => placeFault(`${file}:${fault.line}`, fault));
  const more = sorted.length - MOST_FAULTS;
  return more > 0 ? [...placed, { where: `${file}:`, what: `${more} more faults` }] : placed;
}
