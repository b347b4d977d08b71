import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { makeFolder, writeFileAtomic } from '../../common/files.js';
import { MOST_RECORD, readRegular, readRegularText } from '../../common/regular-file.js';
import { mappingSchema } from '../mapping/mapping.js';
import { evidenceOf } from '../plan/hash.js';
import { shellWord } from '../plan/words.js';
import { type MigrationRecord, RECORD } from './model.js';

/** The plan as it was last run: `plan.lock.yaml`. */
export interface LockedPlan {
  /** Where its relative paths start; undefined: the file does not tell. */
  folder: string | undefined;
  text: string;
  plan: Record<string, unknown>;
}

/** @param given folder of the plan, where it is known */
export function lockedPlan(folder: string, given: string | undefined): LockedPlan | undefined {
  const path = join(folder, 'plan.lock.yaml');
  if (!existsSync(path)) return undefined;
  const whole = readRegularText(path, MOST_RECORD);
  const [head = ''] = whole.split('\n', 1);
  const [, from] =
    /^# The plan of this migration as it was last run, of (.*); sha256 [0-9a-f]{64}$/.exec(head) ?? [];
  const text = from === undefined ? whole : whole.slice(head.length + 1);
  try {
    const plan: unknown = parse(text);
    return {
      folder: given ?? (from === undefined ? undefined : dirname(resolve(folder, from))),
      text,
      plan: (plan ?? {}) as Record<string, unknown>,
    };
  } catch {
    return { folder: given, text, plan: {} };
  }
}

/** Settings, thresholds and queries, for the next change of retrieval; files are copied below the folder. */
export async function learntFrom(
  folder: string,
  locked: LockedPlan | undefined,
): Promise<MigrationRecord['learnt']> {
  const mapping = read(folder, 'mapping.yaml', (text) => mappingSchema.safeParse(parse(text)).data);
  const compared = (name: string) => read(folder, name, (text) => JSON.parse(text) as Parity);
  // Of a source that is written to, the second comparison is that of both sides as they are.
  const parity = compared('confirmed.json') ?? compared('parity.json');
  const own = (locked?.plan['parity'] ?? {}) as { thresholds?: string; k?: number; targetSearch?: object };
  const open: string[] = [];
  const kept: MigrationRecord['learnt']['kept'] = [];
  const keep = async (given: unknown, name: string, what: string, sha256?: string) => {
    if (typeof given !== 'string') {
      open.push(`the plan names no ${what}: there is none to keep`);
      return undefined;
    }
    const from = locked?.folder === undefined ? undefined : resolve(locked.folder, given);
    const copied = keepCopy(folder, from, name);
    if (copied === undefined) {
      open.push(`the ${what} could not be read: ${given}`);
      return undefined;
    }
    const file = await evidenceOf(folder, copied);
    if (sha256 !== undefined && file.sha256 !== sha256)
      open.push(
        `the ${what} has changed since the comparison: the one that is kept is not the one that was used`,
      );
    kept.push(file);
    return copied;
  };
  const queries = await keep(
    locked?.plan['queries'],
    'queries.jsonl',
    'query set',
    parity?.places?.queries?.sha256,
  );
  const thresholds = await keep(own.thresholds, 'thresholds.yaml', 'file of thresholds');
  const target = locked?.plan['target'];
  const parts = [
    'vecproof parity',
    shellWord(typeof target === 'string' ? target : 'TARGET'),
    'CHANGED',
    ...(queries === undefined ? [] : ['--queries', shellWord(queries)]),
    ...(thresholds === undefined ? [] : ['--lock', shellWord(thresholds)]),
  ];
  return {
    index: mapping?.target.index ?? {},
    search: { ...mapping?.target.search, ...own.targetSearch },
    ...(own.k !== undefined && { k: own.k }),
    thresholds: (mapping?.thresholds ?? []).map(({ source, target: to, why }) => ({
      source,
      target: to,
      why,
    })),
    verdicts: (parity?.verdicts?.verdicts ?? []).map(({ name, expected, found, state }) => ({
      gate: String(name),
      expected: String(expected),
      found: String(found ?? ''),
      state: String(state),
    })),
    kept,
    next: queries === undefined ? '' : parts.join(' '),
    open,
  };
}

interface Parity {
  places?: { queries?: { sha256?: string } };
  verdicts?: { verdicts?: { name: unknown; expected: unknown; found?: unknown; state: unknown }[] };
}

function read<T>(folder: string, name: string, take: (text: string) => T): T | undefined {
  const path = join(folder, name);
  if (!existsSync(path)) return undefined;
  try {
    return take(readRegularText(path, MOST_RECORD));
  } catch {
    // What of it is evidence is judged by its hash.
    return undefined;
  }
}

/** Copies a file into the folder's own. Undefined: it is not there (any more), and no copy was made before. */
export function keepCopy(folder: string, from: string | undefined, name: string): string | undefined {
  const to = `${RECORD.kept}/${name}`;
  if (from === undefined || !existsSync(from)) return existsSync(join(folder, to)) ? to : undefined;
  makeFolder(join(folder, RECORD.kept));
  writeFileAtomic(join(folder, to), readRegular(from, MOST_RECORD));
  return to;
}
