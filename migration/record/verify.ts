import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { MOST_RECORD, readRegular, readRegularText, streamRegular } from '../../common/regular-file.js';
import { hashOf, whyNotIntact } from '../plan/hash.js';
import { lockedPlan } from './learnt.js';
import { type ChainedLog, readChained } from './log.js';
import { APPENDED, EVENTS, fromEvents, sumOf } from './make.js';
import { type MigrationRecord, RECORD, type RecordedFile, recordSchema } from './model.js';

export interface RecordCheck {
  /** File, or part of the record. */
  what: string;
  /** `note`: nothing is wrong with it. */
  state: 'as recorded' | 'note' | 'differs';
  words: string;
}

export interface RecordVerification {
  state: 'genuine' | 'differs';
  record: MigrationRecord;
  /** Files whose hash was computed again. */
  files: number;
  /** Differences first. */
  checks: readonly RecordCheck[];
}

export interface VerifyOptions {
  /** Folder of `record.json`. */
  folder: string;
  /** The sum that somebody has kept elsewhere. */
  sum?: string | undefined;
  /** The page that belongs to a record; undefined: another version has made it. */
  page(record: MigrationRecord): string | undefined;
}

/**
 * Holds a record to what lies beside it: the log's chain, every hash, and what follows from both. No database is asked.
 * @throws InputError for a file that is no record
 */
export async function verifyRecord({ folder, sum, page }: VerifyOptions): Promise<RecordVerification> {
  const record = readRecord(join(folder, RECORD.json));
  const log = readChained(join(folder, EVENTS));
  const files = await Promise.all(record.files.map((file) => checkFile(folder, file)));
  const beside = [checkLog(record, log), checkDecisions(folder, record, log), checkPlan(folder, record)];
  const wrong = [...files, ...beside].some(({ state }) => state === 'differs');
  const checks = [
    checkSum(record, sum),
    ...beside,
    ...files,
    // What is told of files that have changed would differ, too, and say nothing more.
    wrong
      ? note('what the record tells', 'was not derived again, as files differ')
      : await checkDerived(folder, record, log),
    checkPage(folder, record, page),
  ];
  const order = { differs: 0, note: 1, 'as recorded': 2 };
  return {
    state: checks.some(({ state }) => state === 'differs') ? 'differs' : 'genuine',
    record,
    files: files.length,
    checks: checks.toSorted((a, b) => order[a.state] - order[b.state]),
  };
}

const same = (what: string, words = 'is as recorded'): RecordCheck => ({ what, state: 'as recorded', words });
const note = (what: string, words: string): RecordCheck => ({ what, state: 'note', words });
const differs = (what: string, words: string): RecordCheck => ({ what, state: 'differs', words });

function readRecord(path: string): MigrationRecord {
  let given: unknown;
  try {
    given = JSON.parse(readRegularText(path, MOST_RECORD));
  } catch (error) {
    throw new InputError('is not a record', {
      where: path,
      next: 'make one with "vecproof record <plan>"',
      cause: error,
    });
  }
  const parsed = recordSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(`is not a record: ${issue?.path.join('.')}: ${issue?.message}`, { where: path });
}

function checkSum(record: MigrationRecord, kept: string | undefined): RecordCheck {
  const what = RECORD.json;
  if (sumOf(record) !== record.sum) return differs(what, 'was changed: its sum is that of another record');
  if (kept !== undefined && kept.toLowerCase() !== record.sum)
    return differs(what, 'is another record than the one whose sum was kept');
  return same(what, `has the sum ${record.sum}`);
}

function checkLog({ log: { events, head } }: MigrationRecord, log: ChainedLog): RecordCheck {
  if (log.broken !== undefined)
    return differs(EVENTS, `line ${log.broken} was changed, or lines before it are missing`);
  if (log.events.length < events)
    return differs(EVENTS, `has ${log.events.length} lines, the record stands on ${events}`);
  if (log.hashes[events - 1] !== head) return differs(EVENTS, 'is another log than the one of the record');
  const since = log.events.length - events;
  return since === 0
    ? same(EVENTS, `${events} lines, each with the hash of the one before`)
    : note(EVENTS, `has gone on: ${since} events since the record was made`);
}

async function checkFile(folder: string, recorded: RecordedFile): Promise<RecordCheck> {
  const { file, sha256, bytes } = recorded;
  if (!APPENDED.includes(file)) {
    const why = await whyNotIntact(folder, recorded);
    return why === undefined ? same(file) : differs(file, why);
  }
  const path = join(folder, file);
  if (!existsSync(path)) return differs(file, 'is missing');
  if (statSync(path).size < bytes) return differs(file, 'is shorter than it was');
  const hash = createHash('sha256');
  if (bytes > 0)
    for await (const chunk of streamRegular(path, { start: 0, end: bytes - 1 })) hash.update(chunk as Buffer);
  return hash.digest('hex') === sha256 ? same(file) : differs(file, 'is not as it was written');
}

/** The decisions alone say the same as the log. */
function checkDecisions(folder: string, { log: { events } }: MigrationRecord, log: ChainedLog): RecordCheck {
  const file = 'decisions.jsonl';
  const wanted = log.events.slice(0, events).filter(({ type }) => type === 'accepted');
  const path = join(folder, file);
  if (!existsSync(path))
    return wanted.length === 0 ? same(file, 'no decision was taken') : differs(file, 'is missing');
  const lines = readRegularText(path, MOST_RECORD)
    .split('\n')
    .filter((line) => line !== '');
  const wrong = wanted.findIndex((event, at) => {
    const { before: _, ...own } = event;
    return hashOf(own) !== hashOf(parsed(lines[at]));
  });
  return wrong < 0
    ? same(file, `${wanted.length} decisions, as in the log`)
    : differs(file, `line ${wrong + 1} is not what the log says`);
}

function parsed(line: string | undefined): unknown {
  try {
    return JSON.parse(line ?? '');
  } catch {
    return undefined;
  }
}

function checkPlan(folder: string, { plan }: MigrationRecord): RecordCheck {
  const what = 'plan.lock.yaml';
  const locked = lockedPlan(folder, undefined);
  if (locked === undefined) return differs(what, 'is missing');
  const sha256 = createHash('sha256').update(locked.text).digest('hex');
  return sha256 === plan.sha256
    ? same(what, 'is the plan that the log names')
    : differs(what, 'is another plan than the log names');
}

async function checkDerived(folder: string, record: MigrationRecord, log: ChainedLog): Promise<RecordCheck> {
  const what = 'what the record tells';
  const again = await fromEvents(folder, log.events.slice(0, record.log.events));
  const wrong = (Object.keys(again) as (keyof typeof again)[]).find(
    (key) => hashOf(again[key]) !== hashOf(record[key]),
  );
  if (wrong === undefined) return same(what, 'follows from log and files');
  if (wrong !== 'items') return differs(what, `"${wrong}" does not follow from the log`);
  const item = again.items.find((each, at) => hashOf(each) !== hashOf(record.items[at] ?? null));
  return differs(what, `the item "${item?.title}" does not follow from log and files`);
}

function checkPage(folder: string, record: MigrationRecord, page: VerifyOptions['page']): RecordCheck {
  const path = join(folder, RECORD.page);
  if (!existsSync(path)) return note(RECORD.page, 'is missing; "vecproof record" writes it again');
  const wanted = page(record);
  if (wanted === undefined) return note(RECORD.page, 'was made by another version, and is not compared');
  return readRegular(path, MOST_RECORD).equals(Buffer.from(wanted))
    ? same(RECORD.page)
    : differs(RECORD.page, 'does not show what record.json says');
}
