import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { credentialInUrl } from '../../common/credentials.js';
import { messageOf } from '../../common/errors.js';
import type { Fault } from '../../common/faults.js';
import { suggest } from '../../common/nearest.js';
import { type Redactor, redactor, type Secret } from '../../common/redact.js';
import { readRegular } from '../../common/regular-file.js';
import { METRICS } from '../../datasets/dataset.js';
import { engineNames, loadEngine } from '../../engines/registry.js';
import { parseYaml, suiteError } from '../../harness/suite/faults.js';
import { withoutKey } from '../../harness/suite/plan.js';
import { issueWords } from '../../harness/suite/shell-faults.js';
import { resolveVariables, strangeKeys, toJson, valueAt } from '../../harness/suite/written.js';
import { isKafka, KAFKA_PASSWORD, KAFKA_USERNAME, parseKafkaAddress } from '../changes/kafka/address.js';
import { isOnlyRead, parseAddress } from '../connections/address.js';
import { resolvePlace } from './places.js';
import { knownKeys, type Plan, planSchema } from './schema.js';

/** A valid plan. */
export interface ParsedPlan {
  /** Variables are resolved in it: nothing but addresses may be written down without `redactor`. */
  plan: Plan;
  /** As `engine:address#collection`, resolved. */
  source: string;
  target: string;
  file: string;
  /** SHA-256 of the files that it names. */
  files: { queries?: string; idFile?: string; embed?: string; thresholds?: string };
  /** As written. */
  text: string;
  sha256: string;
  secrets: readonly Secret[];
  redactor: Redactor;
}

/**
 * Parses and checks a plan completely, before anything is opened.
 * @param folder where its relative paths start
 * @throws SuiteError with every fault, its line and column, in the order of the file
 */
export async function parsePlan(
  text: string,
  file: string,
  env: NodeJS.ProcessEnv,
  folder: string,
): Promise<ParsedPlan> {
  const source = parseYaml(text, file);
  const faults: Fault[] = [];
  const secrets: Secret[] = [];
  const written = toJson(source);
  faults.push(...strangeKeys(written));
  const json = resolved(written, env, faults, secrets);
  const parsed = planSchema.safeParse(json);
  if (!parsed.success) faults.push(...parsed.error.issues.flatMap((issue) => planFaults(issue, json)));
  const hidden = redactor(secrets);
  const places = { source: placeAt(json, 'source', faults), target: placeAt(json, 'target', faults) };
  const target = places.target;
  if (target !== undefined) faults.push(...(await targetFaults(target, valueAt(json, ['map', 'index']))));
  faults.push(...metricFaults(json), ...cutoverFaults(json, places.source));
  const files = {
    queries: fileAt(json, ['queries'], folder, faults),
    idFile: fileAt(json, ['map', 'idFile'], folder, faults),
    embed: fileAt(json, ['validate', 'embed'], folder, faults),
    thresholds: fileAt(json, ['parity', 'thresholds'], folder, faults),
  };
  if (!parsed.success || faults.length > 0) throw suiteError(source, hidden.json(faults));
  return {
    plan: parsed.data,
    source: places.source!,
    target: places.target!,
    file,
    files: Object.fromEntries(Object.entries(files).filter(([, sha256]) => sha256 !== undefined)),
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
    secrets,
    redactor: hidden,
  };
}

/** Parts that are addresses, in which credentials are refused: what they use of the environment is no secret. */
const OPEN = ['connections', 'source', 'target', 'rehearse', 'cutover'];

function resolved(written: unknown, env: NodeJS.ProcessEnv, faults: Fault[], secrets: Secret[]): unknown {
  if (written === null || typeof written !== 'object' || Array.isArray(written)) return written;
  const entries = Object.entries(written).map(([key, value]) => {
    const kept = OPEN.includes(key) ? [] : secrets;
    return [key, resolveVariables(value, env, [key], faults, kept)];
  });
  return Object.fromEntries(entries);
}

/** A zod issue in words, with the nearest known key. */
function planFaults(issue: z.core.$ZodIssue, json: unknown): Fault[] {
  const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  const got = valueAt(json, path);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path) ?? [];
    return issue.keys.map((key) => ({
      path: [...path, key],
      what: suggest('is not a known key', key, known),
      inKey: true,
    }));
  }
  if (issue.code === 'invalid_key') {
    const [inner] = issue.issues;
    return [{ path, what: inner?.message ?? 'is no name', inKey: true }];
  }
  if (got === undefined) return [{ path, what: 'is required' }];
  if (issue.code === 'invalid_union') {
    const own = issue.message === 'Invalid input' ? undefined : issue.message;
    return [{ path, what: own ?? 'must be a text, a number, true or false', got }];
  }
  return [{ path, what: issueWords(issue), got }];
}

/** The place that `source` or `target` names; its faults are added. */
function placeAt(json: unknown, key: 'source' | 'target', faults: Fault[]): string | undefined {
  const given = valueAt(json, [key]);
  if (typeof given !== 'string' || given === '') return undefined;
  const resolved = resolvePlace(given, valueAt(json, ['connections']));
  if (resolved.state === 'fault') {
    faults.push({ ...resolved.fault, path: [key], got: given });
    return undefined;
  }
  return resolved.place;
}

/** Hash of a file that the plan names; undefined: it names none, or one that is not there, which is a fault. */
function fileAt(json: unknown, path: string[], folder: string, faults: Fault[]): string | undefined {
  const given = valueAt(json, path);
  if (typeof given !== 'string' || given === '') return undefined;
  try {
    return createHash('sha256')
      .update(readRegular(resolve(folder, given), Number.POSITIVE_INFINITY))
      .digest('hex');
  } catch (error) {
    faults.push({ path, what: `cannot be read: ${messageOf(error)}`, got: given });
    return undefined;
  }
}

/** Files do not change: there is nothing to synchronise. */
function cutoverFaults(json: unknown, source: string | undefined): Fault[] {
  const log = valueAt(json, ['cutover', 'log']);
  if (log === undefined || source === undefined) return [];
  const { engine } = parseAddress(source, engineNames());
  if (isOnlyRead(engine))
    return [
      { path: ['cutover'], what: 'is for a source that is written to, which files are not', got: source },
    ];
  if (typeof log !== 'string') return [];
  const versions = valueAt(json, ['cutover', 'versions']);
  const faults = [...credentialFaults('log', log), ...credentialFaults('versions', versions)];
  return faults.length > 0 ? faults : logFaults(log, versions);
}

function credentialFaults(key: string, place: unknown): Fault[] {
  const held = typeof place === 'string' ? credentialInUrl(place, { variables: false }) : undefined;
  if (held === undefined) return [];
  const names = isKafka(String(place)) ? `${KAFKA_USERNAME} and ${KAFKA_PASSWORD}` : 'PGPASSWORD';
  return [{ path: ['cutover', key], what: `holds ${held}; set ${names} in the environment` }];
}

/** Kafka has no place for the versions of a target's rows; a database of changes has. */
function logFaults(log: string, versions: unknown): Fault[] {
  if (!isKafka(log))
    return versions === undefined
      ? []
      : [{ path: ['cutover', 'versions'], what: 'is for a log in Kafka: this one keeps them itself' }];
  const address = parseKafkaAddress(log);
  if (address.state === 'fault') return [{ path: ['cutover', 'log'], what: address.what, got: log }];
  const next = 'write versions: postgres://host/database, or a folder';
  return typeof versions === 'string' && !isKafka(versions)
    ? []
    : [{ path: ['cutover'], what: 'needs a place for versions, which Kafka does not keep', next }];
}

async function targetFaults(target: string, index: unknown): Promise<Fault[]> {
  const { engine, collection } = parseAddress(target, engineNames());
  if (isOnlyRead(engine) || collection === undefined || collection === '') {
    const next = 'write engine:address#collection with the name that it is to have';
    return [{ path: ['target'], what: 'cannot hold a new collection', got: target, next }];
  }
  const { capabilities, title, parseOptions } = await loadEngine(engine);
  if (capabilities.points === null)
    return [
      { path: ['target'], what: `cannot hold whole points: ${title} keeps vectors and row numbers alone` },
    ];
  if (index === null || typeof index !== 'object' || Array.isArray(index)) return [];
  const parsed = parseOptions({ index: index as Record<string, unknown>, search: {} });
  if (parsed.state === 'ok') return [];
  return parsed.issues.map(({ what, ...fault }) => ({
    ...fault,
    what: withoutKey(what, fault.path),
    path: ['map', ...fault.path],
  }));
}

const KNOWN_METRICS: readonly string[] = METRICS;

function metricFaults(json: unknown): Fault[] {
  const vectors = valueAt(json, ['map', 'vectors']);
  if (vectors === null || typeof vectors !== 'object') return [];
  return Object.keys(vectors).flatMap((name) => {
    const path = ['map', 'vectors', name, 'metric'];
    const metric = valueAt(json, path);
    if (typeof metric !== 'string' || KNOWN_METRICS.includes(metric)) return [];
    return [{ path, what: suggest('is no metric', metric, KNOWN_METRICS), got: metric }];
  });
}
